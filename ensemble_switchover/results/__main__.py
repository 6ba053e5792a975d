"""`python -m ensemble_switchover.results`: what is in a folder of records.

`python -m ensemble_switchover.results results --where "design_class='deq' and dataset='cifar100'"`
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from typing import TYPE_CHECKING

import polars as pl

from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    parse_arguments,
    path_argument,
    run_command,
)
from ensemble_switchover.config.reading_once import reading_once
from ensemble_switchover.errors import RecordError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import (
    ROW_FORMATS,
    complain,
    count,
    make_console,
    print_table,
    printable,
    replace_unknown_characters,
)
from ensemble_switchover.results.display import show_epochs, show_runs, show_seconds, state_lines
from ensemble_switchover.results.folders import find_runs
from ensemble_switchover.results.layout import run_folder
from ensemble_switchover.results.output_path import require_output_file
from ensemble_switchover.results.run_columns import describe_columns
from ensemble_switchover.results.run_table import (
    list_epochs,
    list_runs,
    read_listed,
    select_runs,
)
from ensemble_switchover.results.state import RunState
from ensemble_switchover.results.time_spent import sum_seconds
from ensemble_switchover.results.timing_file import add_timing_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from ensemble_switchover.machine.terminal import ShownTable

_DESCRIPTION = "List, select, export and check the runs below a folder of records."
_BY_THEMSELVES = {
    "add_timing": "adds times, and lists nothing",
    "recompute_quality": "computes, and lists nothing",
    "archive": "packs every record, and lists nothing",
    "check": "takes every record",
}
"""Options that are an action of their own, and why none stands beside them."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = _parser()
    given = parse_arguments(parser, arguments)
    if given.columns:
        return run_command(_print_columns)
    if given.folder is None:
        parser.error("expected a folder of records, or --columns")
    if given.with_predictions is not None and given.archive is None:
        parser.error("--with-predictions says what is packed; expected --archive beside it")
    if given.epochs and given.where_time_went:
        parser.error("--epochs and --where-time-went are two tables; expected one of them")
    asked = [option for option in _BY_THEMSELVES if getattr(given, option)]
    lists = given.where is not None or given.epochs or given.where_time_went or given.export
    if len(asked) > 1 or (asked and lists):
        option = f"--{asked[0].replace('_', '-')}"
        parser.error(f"{option} {_BY_THEMSELVES[asked[0]]}; expected it by itself")
    actions: dict[str, Callable[[], int]] = {
        "check": lambda: check_folder(given.folder),
        "add_timing": lambda: add_timing(given.folder, given.add_timing),
        "recompute_quality": lambda: recompute_quality(given.folder),
        "archive": lambda: archive(given.folder, given.archive, given.with_predictions),
    }
    return run_command(actions[asked[0]] if asked else lambda: results(given))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.results", description=_DESCRIPTION
    )
    parser.add_argument(
        "folder", type=path_argument, nargs="?", help="such as results, or a study's results/demo"
    )
    parser.add_argument(
        "--columns", action="store_true", help="print the name, unit and meaning of every column"
    )
    parser.add_argument(
        "--where",
        metavar="SQL",
        help="SQL condition on the runs, such as \"design_class='deq' and dataset='cifar100'\"; "
        "the columns are those of --format csv",
    )
    parser.add_argument(
        "--epochs",
        action="store_true",
        help="one row per epoch of every finished run, in place of one per run",
    )
    parser.add_argument(
        "--where-time-went",
        action="store_true",
        help="one row per design: where the seconds of its finished runs went",
    )
    parser.add_argument(
        "--export",
        type=_export_path,
        metavar="FILE",
        help="write the rows to one file, .parquet or .csv",
    )
    parser.add_argument("--format", choices=ROW_FORMATS, default="table", help="default: table")
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare every file of every record with its checksum, and every record with its "
        "configuration; the exit code is 1 if anything is wrong",
    )
    parser.add_argument(
        "--add-timing",
        type=path_argument,
        metavar="FILE",
        help="add the times that measure --json wrote to the record that they belong to",
    )
    parser.add_argument(
        "--recompute-quality",
        action="store_true",
        help="compute ECE, NLL, the quality beyond error and cascades again of every run that "
        "kept predictions and lacks them; records are not changed",
    )
    parser.add_argument(
        "--archive",
        type=path_argument,
        metavar="FILE",
        help="pack every record, without weights, logs and predictions, into one .zip to publish",
    )
    parser.add_argument(
        "--with-predictions",
        metavar="SQL",
        help='with --archive: of which runs the predictions are packed too, such as "seed=0"',
    )
    return parser


def add_timing(folder: Path, path: Path) -> int:
    """Add times of other devices to the records that they belong to; the exit code is 0.

    Raises:
        ConfigError: if the file is not what `measure` writes.
        RecordError: if it is of no run there.
    """
    for line in add_timing_file(run_folder(folder), path):
        print(printable(line))
    return 0


def archive(folder: Path, path: Path, with_predictions: str | None) -> int:
    """Pack the records of a study into one file, and say which folders of this machine it names.

    Args:
        folder: Of the study.
        path: The archive to write.
        with_predictions: SQL condition on the runs whose predictions are packed too.

    Returns:
        The exit code: 0.

    Raises:
        ConfigError: if the condition is wrong, or the file would be one of a run.
        RecordError: if there is no record, or one is damaged.
    """
    from ensemble_switchover.results.packing import pack_study

    require_output_file("--archive", path, f"{folder.resolve().name}.zip")
    chosen: list[str] = []
    if with_predictions is not None:
        runs = select_runs(list_runs(folder), with_predictions, "--with-predictions")
        chosen = runs["folder"].to_list()
    packed = pack_study(folder, chosen)
    write_file(path, packed.content)
    print(
        f"{count(packed.num_records, 'record')} in {path}, {len(packed.content):,} bytes; "
        f"predictions of {packed.num_with_predictions}"
    )
    if packed.named_folders:
        named = ", ".join(packed.named_folders)
        print(printable(f"their configurations name folders of this machine: {named}"))
    return 0


def recompute_quality(folder: Path) -> int:
    """Compute the quality of runs again from kept predictions, and say of which.

    Returns:
        The exit code: 1 if predictions that are there cannot be read.
    """
    from ensemble_switchover.results.recompute import recompute_run

    computed, without, failed = 0, 0, 0
    folders = find_runs(folder).recorded
    for run in folders:
        try:
            epochs = recompute_run(run)
        except RecordError as error:
            failed += 1
            complain(f"left as it is: {error}")
            continue
        without += epochs is None
        if epochs:
            computed += 1
            print(printable(f"{run.name}: computed again after {count(len(epochs), 'epoch')}"))
    rest = len(folders) - computed - without - failed
    print(
        f"{count(len(folders), 'record')}: {computed} computed again, {rest} in order, {without} "
        f"without predictions{f', {failed} unreadable' if failed else ''}"
    )
    return EXIT_FAILURE if failed else 0


def results(given: argparse.Namespace) -> int:
    """List or export the runs.

    Returns:
        The exit code: 0.
    """
    if given.export is not None:
        require_output_file("--export", given.export, "runs.csv")
    runs = list_runs(given.folder)
    if given.where is not None:
        runs = select_runs(runs, given.where)
    rows, show = _requested_rows(given, runs)
    if given.export is not None:
        with prints_beside(given.export):
            _export(rows, given.export)
            print(f"{count(len(rows), 'row')} in {given.export}")
    elif given.format == "table":
        print_table(make_console(), show(rows), str(given.folder))
        for line in state_lines(runs):
            print(printable(line))
        return 0
    else:
        _print(rows, given.format)
    for line in state_lines(runs.filter(pl.col("state") == RunState.UNREADABLE.value))[:-1]:
        complain(line)
    return 0


def _requested_rows(
    given: argparse.Namespace, runs: pl.DataFrame
) -> tuple[pl.DataFrame, Callable[[pl.DataFrame], ShownTable]]:
    """Return the table that is requested of some runs, and what lays it out for a terminal."""
    show: Callable[[pl.DataFrame], ShownTable]
    if given.epochs:
        rows, unreadable = list_epochs(given.folder, runs)
        show = show_epochs
    elif given.where_time_went:
        records, unreadable = read_listed(given.folder, runs)
        rows, show = sum_seconds(records.values()), show_seconds
    else:
        return runs, show_runs
    for entry in unreadable:
        complain(f"left out: {entry.reason}")
    return rows, show


def check_folder(folder: Path) -> int:
    """Check every record below a folder, and tell what is wrong.

    Returns:
        The exit code: 1 if something is.
    """
    from ensemble_switchover.results.check import check_record, describe_doubtful_ece

    folders = find_runs(folder).recorded
    wrong = 0
    doubtful = []
    with reading_once():
        for run in folders:
            found = check_record(run)
            wrong += bool(found.problems)
            doubtful += [found] if found.ece_excess else []
            for line in found.problems:
                print(printable(f"wrong: {line}"))
            for line in found.remarks:
                print(printable(line))
    if doubtful:
        print(describe_doubtful_ece(doubtful, shell_path(folder)))
    print(f"{count(len(folders), 'record')} checked, {wrong} of them wrong")
    return EXIT_FAILURE if wrong else 0


def _print_columns() -> int:
    print("\n".join(describe_columns()))
    return 0


def _print(rows: pl.DataFrame, form: str) -> None:
    replace_unknown_characters()
    if form == "json":
        print(json.dumps(rows.to_dicts(), indent=1))
    else:
        print(_flat(rows).write_csv(), end="")


def _export_path(text: str) -> Path:
    path = path_argument(text)
    if path.suffix not in (".parquet", ".csv"):
        raise argparse.ArgumentTypeError(
            f"expected a file that ends in .parquet or .csv, not {text}"
        )
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"expected a folder that is there, not {path.parent}")
    return path


def _export(rows: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        content = _flat(rows).write_csv().encode()
    else:
        buffer = io.BytesIO()
        rows.write_parquet(buffer)
        content = buffer.getvalue()
    write_file(path, content)


def _flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Write lists as JSON, which CSV does not have."""
    lists = [name for name, kind in rows.schema.items() if isinstance(kind, pl.List)]
    return rows.with_columns(
        pl.col(name).map_elements(lambda values: json.dumps(list(values)), return_dtype=pl.String)
        for name in lists
    )


if __name__ == "__main__":
    sys.exit(main())
