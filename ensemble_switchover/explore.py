"""Write a page in which the design space is explored in a browser, from records.

`python -m ensemble_switchover.explore results/demo --out explorer.html`
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from ensemble_switchover.analysis.advice.added_devices import read_timings_of_runs
from ensemble_switchover.analysis.advice.cascade_designs import read_cascades
from ensemble_switchover.analysis.decision_rule import DEFAULT_RULE
from ensemble_switchover.analysis.rule_options import add_margin_option, add_rule_options, rule_of
from ensemble_switchover.analysis.run_quality import read_studies_for
from ensemble_switchover.analysis.switchover.image_grid import ImageErrorReader
from ensemble_switchover.config.command_line import parse_arguments, path_argument, run_command
from ensemble_switchover.config.store_names import EXPLORER_FILE
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.reporting.explorer.document import render_explorer
from ensemble_switchover.results.metric_losses import describe_lacking, require_metric
from ensemble_switchover.results.output_path import require_output_file
from ensemble_switchover.results.rerun_command import CommandWriter, same_treatment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.analysis.decision_rule import DecisionRule

_DESCRIPTION = "Write one HTML file in which to explore the designs of one or several studies."
LOOPBACK = "127.0.0.1"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the last line it prints is the path of the page, or its address."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.explore", description=_DESCRIPTION
    )
    parser.add_argument(
        "folders", nargs="+", type=path_argument, metavar="folder", help="results/<study>"
    )
    parser.add_argument(
        "--out",
        type=path_argument,
        help="file to write; default: explorer.html in the first folder",
    )
    parser.add_argument(
        "--serve", action="store_true", help="serve the page on this machine until Ctrl-C"
    )
    parser.add_argument("--port", type=int, default=0, help="for --serve; default: a free one")
    add_rule_options(parser)
    add_margin_option(parser)
    given = parse_arguments(parser, arguments)
    rule = rule_of(given)
    return run_command(
        lambda: explore(given.folders, given.out, given.serve, given.port, rule, given.margin)
    )


def explore(
    folders: Sequence[Path],
    out: Path | None,
    serve: bool,
    port: int,
    rule: DecisionRule = DEFAULT_RULE,
    margin: float | None = None,
) -> int:
    """Write the page, serve it if requested, and return the exit code 0.

    Raises:
        RecordError: if a folder is absent, or no run is finished.
        ConfigError: if the port is invalid, or the file to write is none, or is of a run.
    """
    if not 0 <= port < 2**16:
        raise ConfigError(f"--port {port}: expected 0 to 65535")
    if serve and out is not None and out.exists() and not out.is_file():
        raise ConfigError(f"--out {out}: is no file, which --serve expects")
    path = write_explorer(folders, out, rule, margin)
    if not serve:
        with prints_beside(path):
            print(path)
        return 0
    with make_server(path, port) as server:
        print(f"http://{LOOPBACK}:{server.server_address[1]}/{quote(path.name)}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()
    return 0


def write_explorer(
    folders: Sequence[Path],
    out: Path | None = None,
    rule: DecisionRule = DEFAULT_RULE,
    margin: float | None = None,
) -> Path:
    """Write the page of the records below some folders, completely or not at all.

    Args:
        folders: Folders of one or several studies.
        out: The file to write; by default `explorer.html` in the first folder.
        rule: How designs are compared, and by which metric until another is chosen on the page.
        margin: Within which a design is as good as the best, in the unit of the metric; None: the
            default of the advice.

    Returns:
        The path of the file.

    Raises:
        RecordError: if a folder is absent, or no run is finished.
        ConfigError: if the file to write is a folder, or is of a run.
        OSError: if the file cannot be written.
    """
    path = out or folders[0] / EXPLORER_FILE
    require_output_file("--out", path, EXPLORER_FILE)
    metric = rule.quality
    studies = read_studies_for(folders, metric)
    records, lacking = require_metric(folders[0], studies.records, metric)
    writer = CommandWriter()
    content = build_content(
        records,
        lambda runs: writer.write(same_treatment(runs)),
        rule,
        ImageErrorReader(studies.folders),
        margin,
        studies.folders,
        f"{describe_lacking(lacking, metric)}." if lacking else None,
        read_cascades(records, studies.folders),
        read_timings_of_runs(records, studies.folders),
    )
    page = render_explorer(content, studies.failed, studies.unreadable)
    write_file(path, page.encode())
    return path


class _OneFile(SimpleHTTPRequestHandler):
    """Request handler that serves one file and nothing else in its folder."""

    def __init__(self, *arguments: object, name: str, directory: str) -> None:
        self._name = name
        super().__init__(*arguments, directory=directory)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        """Map every path but that of the file to a file that does not exist."""
        asked = unquote(path.partition("?")[0].partition("#")[0]).lstrip("/")
        name = self._name if asked in ("", self._name) else ".absent"
        return str(Path(self.directory) / name)

    def log_message(self, *_: object) -> None:
        """Print nothing about a request."""


def make_server(path: Path, port: int) -> ThreadingHTTPServer:
    """Make a server of one file that only this machine can reach.

    Raises:
        OSError: if the port is in use; the message names the port.
    """
    handler = partial(_OneFile, name=path.name, directory=str(path.parent.resolve()))
    try:
        return ThreadingHTTPServer((LOOPBACK, port), handler)
    except OSError as error:
        raise OSError(f"cannot serve at --port {port}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
