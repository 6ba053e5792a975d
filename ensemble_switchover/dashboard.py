"""Make the W&B workspace and report of a study.

`python -m ensemble_switchover.dashboard results/demo`
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble_switchover.config.command_line import parse_arguments, path_argument, run_command
from ensemble_switchover.config.schema import LoggerConfig, MeasurementConfig
from ensemble_switchover.config.store_names import expected_of_name
from ensemble_switchover.config.wandb_names import expected_of_project, wandb_group
from ensemble_switchover.errors import ConfigError, RecordError, first_line
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.paths import user_path
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import complain, count
from ensemble_switchover.report import report
from ensemble_switchover.reporting.section import FIGURES
from ensemble_switchover.results.output_path import require_output_file
from ensemble_switchover.results.store import read_records
from ensemble_switchover.tracking.metrics import RESOLVED_KEY
from ensemble_switchover.tracking.wandb_mode import has_wandb_login, server_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.results.record import Record
    from ensemble_switchover.tracking.wandb_workspace import Contents

RESULTS = Path("results")
"""The folder in which a study is searched by its name."""
SHOWN_FIGURES = ("heat_map", "test_error", "verdicts")
"""Parts of the names of the report's figures that the W&B report shows."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; it prints the addresses of workspace and report, or the path of the file."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.dashboard",
        description="Make the W&B workspace and report of a study: test error against parameters "
        "by design class, the switchover, time and memory. Every call makes new ones.",
    )
    parser.add_argument("study", help="the study's folder, such as results/demo, or its name")
    parser.add_argument("--entity", help="W&B user or team; default: the login's")
    parser.add_argument(
        "--project", default=LoggerConfig().project, help="W&B project; default: %(default)s"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="write what would be sent to W&B to a file; needs no login and no network",
    )
    parser.add_argument(
        "--out", type=path_argument, help="file for --dry-run; default: dashboard_<study>.json"
    )
    given = parse_arguments(parser, arguments)
    return run_command(lambda: _dashboard(given))


def _dashboard(given: argparse.Namespace) -> int:
    if given.out is not None and not given.dry_run:
        raise ConfigError("--out is the file of --dry-run; expected both or neither")
    lines = make_dashboard(
        given.study, given.entity, given.project, dry_run=given.dry_run, out=given.out
    )
    with nullcontext() if given.out is None else prints_beside(given.out):
        for line in lines:
            print(line)
    return 0


def make_dashboard(
    study: str, entity: str | None, project: str, *, dry_run: bool, out: Path | None = None
) -> list[str]:
    """Make the workspace and report of a study, and return the lines to print.

    Raises:
        ConfigError: if wandb-workspaces, the login or the server is missing, if W&B refuses, or if
            `out` cannot be written.
        RecordError: if the folder holds no finished run, or runs of several studies.
    """
    for option, value in (("--project", project), ("--entity", entity)):
        expected = None if value is None else expected_of_project(value)
        if expected is not None:
            raise ConfigError(f"{option} {value}: expected {expected}")
    path = user_path(study)
    folder = next((path for path in (path, RESULTS / study) if path.is_dir()), None)
    if folder is None and expected_of_name(study) is not None:
        raise RecordError(f"{study}: no such folder; expected a study's folder, or its name")
    records = [] if folder is None else _records_of_one_study(folder)
    name = records[0].study if records else study
    path = out or Path(f"dashboard_{name}.json")
    if dry_run:
        require_output_file("--out", path, "dashboard.json")
    _import_panels()
    with tempfile.TemporaryDirectory() as drawn:
        pictures = [] if folder is None else _draw(folder, Path(drawn))
        sentences = _sentences(Path(drawn)) if pictures else []
        contents = _contents(name, records, pictures, sentences)
        if dry_run:
            _write_specification(contents, entity or "", project, path)
            return [*_remarks(records, name), str(path)]
        return [*_remarks(records, name), *_send(contents, entity, project, folder, pictures)]


def _records_of_one_study(folder: Path) -> list[Record]:
    read = read_records(folder)
    for entry in read.unreadable:
        complain(f"left out: {entry.reason}")
    records = read.records
    studies = sorted({record.study for record in records})
    if len(studies) != 1:
        found = f"runs of {', '.join(studies)}" if studies else "no finished run"
        raise RecordError(f"{folder}: {found}; expected the folder of one study with finished runs")
    return records


def _import_panels() -> None:
    try:
        import wandb_workspaces  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigError(
            "wandb-workspaces is not installed; pip install 'ensemble-switchover[dashboard]'"
        ) from error


def _contents(
    study: str, records: Sequence[Record], pictures: Sequence[Path], sentences: Sequence[str]
) -> Contents:
    """Collect what can be shown; without records, what runs log by default."""
    from ensemble_switchover.tracking.wandb_workspace import Contents

    if not records:
        sizes = tuple(MeasurementConfig().latency_batch_sizes)
        return Contents(study, ("test",), sizes, ("device", "rss"), ensembles=True)
    epochs = [epoch for record in records for epoch in record.epochs]
    measured_memory = {
        "device": any(epoch.peak_device_bytes is not None for epoch in epochs),
        "rss": any(epoch.peak_rss_bytes is not None for epoch in epochs),
    }
    return Contents(
        study,
        tuple(sorted({record.dataset.evaluated_on for record in records})),
        tuple(sorted({entry.batch_size for record in records for entry in record.latencies})),
        tuple(kind for kind, measured in measured_memory.items() if measured),
        ensembles=any(record.design.k > 1 for record in records),
        pictures=tuple(_key(picture) for picture in pictures),
        sentences=tuple(sentences),
        times_of=tuple(sorted({record.environment.times_of for record in records})),
        own_groups=tuple(sorted({_group_of(record) for record in records})),
    )


def _group_of(record: Record) -> str:
    """Return the group of a run in W&B: that of `logger.group=`, or of its study."""
    own: str | None = record.config.get("logger", {}).get("group")
    return own or wandb_group(record.study)


def _draw(folder: Path, out: Path) -> list[Path]:
    """Draw the figures that W&B's own panels cannot show, and return their files."""
    report(folder, out)
    pictures = sorted((out / FIGURES).glob("*.png"))
    return [path for path in pictures if any(name in path.stem for name in SHOWN_FIGURES)]


def _key(picture: Path) -> str:
    return f"figures/{picture.stem}"


def _sentences(out: Path) -> list[str]:
    summary: dict[str, Any] = json.loads((out / "summary.json").read_text())
    return [
        f"{comparison['label']}: {threshold['sentence']}"
        for comparison in summary["comparisons"]
        for threshold in comparison["thresholds"]
    ]


def _remarks(records: Sequence[Record], study: str) -> list[str]:
    if records:
        lines = [f"{study}: {count(len(records), 'run')}"]
        if len({record.environment.times_of for record in records}) > 1:
            lines.append(
                "times are of runs themselves and of timing passes, which do not compare: the "
                "report shows each apart, and the workspace none"
            )
        return lines
    return [f"{study}: no records here, so no figures; the panels suit runs with default options"]


def _write_specification(contents: Contents, entity: str, project: str, path: Path) -> None:
    from ensemble_switchover.tracking.wandb_workspace import (
        make_report,
        make_workspace,
        specification,
    )

    spec = specification(
        make_workspace(contents, entity, project, {}), make_report(contents, entity, project, {})
    )
    write_file(path, f"{json.dumps(spec, indent=1)}\n".encode())


def _send(
    contents: Contents,
    entity: str | None,
    project: str,
    folder: Path | None,
    pictures: Sequence[Path],
) -> list[str]:
    if not has_wandb_login():
        raise ConfigError(
            "no W&B login found; expected `wandb login` or WANDB_API_KEY, and WANDB_MODE not "
            "offline; --dry-run needs none"
        )
    import wandb

    from ensemble_switchover.tracking.wandb_run import WANDB_ANSWER_SECONDS, log_figures
    from ensemble_switchover.tracking.wandb_workspace import make_report, make_workspace

    server = wandb.setup(wandb.Settings(silent=True)).settings.base_url
    if not server_answers(server, WANDB_ANSWER_SECONDS):
        raise ConfigError(f"{server} does not answer; --dry-run needs no network")
    try:
        api = wandb.Api()
        owner = entity or str(api.default_entity)
        groups = {"group": {"$in": list(contents.groups)}}
        runs = api.runs(f"{owner}/{project}", filters=groups)
        classes = {
            run.id: str(run.config.get(RESOLVED_KEY, {}).get("design_class")) for run in runs
        }
        if folder is not None:
            with shown_on(sys.stdout):
                log_figures(
                    LoggerConfig(kind="wandb", project=project, entity=owner, mode="online"),
                    folder,
                    contents.study,
                    {_key(picture): picture for picture in pictures},
                )
        facts = [run.config[RESOLVED_KEY] for run in runs if RESOLVED_KEY in run.config]
        kinds = {str(known.get("times_of", "run")) for known in facts}
        contents = replace(contents, times_of=tuple(sorted({*contents.times_of, *kinds})))
        workspace = make_workspace(contents, owner, project, classes).save()
        page = make_report(contents, owner, project, classes).save()
    except (wandb.Error, ValueError) as error:
        raise ConfigError(f"W&B refused: {first_line(error)}") from error
    return [f"workspace {workspace.url}", f"report {page.url}"]


if __name__ == "__main__":
    sys.exit(main())
