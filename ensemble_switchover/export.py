"""`python -m ensemble_switchover.export`: write a trained ensemble as a file for other programs."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.reduced_images import reduced_from
from ensemble_switchover.config.command_line import (
    EXIT_FAILURE,
    parse_arguments,
    path_argument,
    run_command,
)
from ensemble_switchover.config.search_path import register_own_family
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.files import write_file
from ensemble_switchover.machine.logs import shown_on
from ensemble_switchover.machine.standard_streams import prints_beside
from ensemble_switchover.machine.terminal import complain, count, printable, quantity
from ensemble_switchover.machine.whole_folder import whole_folder
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES
from ensemble_switchover.results.finished_run import read_record_with_weights
from ensemble_switchover.results.layout import RECORD_FILE, run_folder
from ensemble_switchover.results.output_path import require_output_file, require_output_folder
from ensemble_switchover.serving.cascade_folder import require_cascade_folder, write_cascade_folder
from ensemble_switchover.serving.cascade_settings import (
    CASCADE,
    choose_settings,
    refuse_settings,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ensemble_switchover.results.record import Record
    from ensemble_switchover.serving.cascade_settings import CascadeSettings
    from ensemble_switchover.serving.weights import TrainedEnsemble

_DESCRIPTION = (
    "Write the ensemble of a finished run as one file that runs without this program. Its input "
    "is uint8 images (B, C, H, W) as decoded; its output is probabilities (B, classes). Before "
    "the file gets its name, it is loaded again and compared with the original. A cascade is a "
    "folder: a file for each member, the threshold, and a program that runs them."
)
SUFFIXES = {"onnx": ".onnx", "torch_export": ".pt2"}
"""The file name suffix of each format."""

NEEDED_PACKAGES = {"onnx": ("onnx", "onnxscript", "onnxruntime"), "torch_export": ()}
"""The packages of the extra `export` that each format needs."""

EXPORT_EXECUTIONS = ("sequential", "fused")
"""The executions that a file can hold; the program that runs it decides about threads."""

TOLERANCE = 1e-5
"""The largest allowed difference between an exported and an original probability."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the path of the file is the last line it prints."""
    parser = argparse.ArgumentParser(
        prog="python -m ensemble_switchover.export", description=_DESCRIPTION
    )
    parser.add_argument(
        "run", type=path_argument, help=f"the folder of a finished run, or its {RECORD_FILE}"
    )
    parser.add_argument(
        "--format", choices=tuple(SUFFIXES), required=True, help="the format of the file"
    )
    parser.add_argument(
        "--execution",
        choices=(*EXPORT_EXECUTIONS, CASCADE),
        default="sequential",
        help="run the members one after another, all in one pass, or in turn until they are sure; "
        "default: sequential",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        help="of a cascade: the score from which on an image asks no further member; default: that "
        "of the run's record",
    )
    parser.add_argument(
        "--rule",
        choices=EXIT_RULES,
        help="of a cascade: the score, the largest mean probability or its margin to the second; "
        "default: confidence",
    )
    parser.add_argument(
        "--out",
        type=path_argument,
        help="the file to write; default: ensemble.onnx or ensemble.pt2 in the run's folder; of a "
        "cascade the folder, cascade_onnx or cascade_torch_export in it",
    )
    parser.add_argument(
        "--config-dir",
        "-cd",
        type=path_argument,
        metavar="DIR",
        help="a folder of options of your own, with the file of the run's family",
    )
    given = parse_arguments(parser, arguments)
    return run_command(
        lambda: export(
            given.run,
            given.format,
            given.execution,
            given.out,
            config_dir=given.config_dir,
            threshold=given.threshold,
            rule=given.rule,
        )
    )


def export(
    run: Path,
    form: str,
    execution: str,
    out: Path | None = None,
    *,
    config_dir: Path | None = None,
    threshold: float | None = None,
    rule: str | None = None,
) -> int:
    """Write the ensemble of a finished run, if the file predicts what the original predicts.

    Args:
        run: The run's folder, or the record in it.
        form: `onnx` or `torch_export`.
        execution: How the file runs the members: `sequential`, `fused`, or as a `cascade`.
        out: The file; by default `ensemble.onnx` or `ensemble.pt2` in the run's folder. Of a
            cascade the folder, by default `cascade_onnx` or `cascade_torch_export` in it.
        config_dir: A folder of options of the user's own, which describes the family.
        threshold: Of a cascade; by default that of the record.
        rule: Of a cascade; by default `confidence`.

    Returns:
        The exit code: 0, or 1 if the predictions differ, in which case no file is written.

    Raises:
        ConfigError: if a package is missing, `out` is a folder or of a run's record, or a threshold
            is wrong or not known.
        RecordError: if the run is unfinished or failed, or its weights are absent or damaged.
    """
    missing = [name for name in NEEDED_PACKAGES[form] if find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"--format {form}: {', '.join(missing)} not installed; "
            f"pip install 'ensemble-switchover[export]' installs what the format needs"
        )
    folder = run_folder(run)
    record = read_record_with_weights(folder)
    if config_dir is not None:
        register_own_family(record.design.family, config_dir)
    refuse_settings(execution, threshold=threshold, rule=rule)
    if execution == CASCADE:
        settings = choose_settings(
            record.design.k,
            record.cascades,
            threshold=threshold,
            rule=rule,
            spelled="--threshold {}",
        )
        out = folder / f"cascade_{form}" if out is None else out
        require_output_folder("--out", out)
        require_cascade_folder("--out", out)
        return _export_cascade(folder, record, form, settings, out)
    out = folder / f"ensemble{SUFFIXES[form]}" if out is None else out
    require_output_file("--out", out, f"ensemble{SUFFIXES[form]}")
    return _export_file(folder, record, form, execution, out)


def _export_file(folder: Path, record: Record, form: str, execution: str, out: Path) -> int:
    """Write one file that runs all members."""
    from ensemble_switchover.serving.exported_file import exported_content

    trained = _read_trained(folder, record)
    names = json.dumps(list(trained.class_names))
    metadata = {**_facts(record, execution), **_averaged_text(record), "class_names": names}
    difference, content = exported_content(trained, form, execution, metadata)
    measured = f"{difference:.1e} from the original's, on images of noise"
    if not difference <= TOLERANCE:  # also refuses NaN
        complain(
            f"{out}: not written: its probabilities differ by up to {measured}; at most "
            f"{TOLERANCE:g} is allowed"
        )
        return EXIT_FAILURE
    write_file(out, content, flush=True)
    with prints_beside(out):
        print(printable(f"{_networks(record)}, {execution}, as {form}: {quantity(len(content))}B"))
        print(f"probabilities differ by at most {measured}")
        _say_averaged(record)
        print(out)
    return 0


def _export_cascade(
    folder: Path, record: Record, form: str, settings: CascadeSettings, out: Path
) -> int:
    """Write a folder with a file for each member, and what runs them as a cascade."""
    from ensemble_switchover.serving.exported_cascade import compare_cascade, exported_members

    trained = _read_trained(folder, record)
    members = exported_members(trained, form, _member_metadata(record, trained.class_names))
    error = {f"{record.dataset.evaluated_on}_error_percent": record.error_percent}
    try:
        with whole_folder(out) as temporary:
            write_cascade_folder(
                temporary,
                members,
                settings,
                form=form,
                suffix=SUFFIXES[form],
                task=trained.task,
                class_names=trained.class_names,
                facts={
                    **_facts(record, CASCADE),
                    **_averaged_from(record),
                    **error,
                    **_recorded(record, settings),
                },
            )
            found = compare_cascade(temporary, trained, settings, TOLERANCE)
            if found.num_wrong or not found.largest <= TOLERANCE:  # also refuses NaN
                raise _DiffersError(
                    f"{out}: not written: its probabilities differ by up to {found.largest:.1e} "
                    f"from the original's, on images of noise, at most {TOLERANCE:g} is allowed, "
                    f"and {count(found.num_wrong, 'answer')} of {found.num_answers} asked other "
                    f"members"
                )
    except _DiffersError as error:
        complain(str(error))
        return EXIT_FAILURE
    size = quantity(sum(path.stat().st_size for path in out.iterdir()))
    same = f"{found.num_answers - found.num_by_rounding} of {found.num_answers} answers"
    others = ", the others by rounding of the score" if found.num_by_rounding else ""
    with prints_beside(out):
        print(
            printable(
                f"{_networks(record)}, {CASCADE} until {settings.rule} is "
                f"{settings.threshold:.6g}, as {form}: {size}B"
            )
        )
        print(
            f"probabilities differ by at most {found.largest:.1e} from the original's, and {same} "
            f"asked as many members{others}, on images of noise"
        )
        _say_averaged(record)
        print(out)
    return 0


class _DiffersError(Exception):
    """An exported cascade does not answer as the original does."""


def _read_trained(folder: Path, record: Record) -> TrainedEnsemble:
    from ensemble_switchover.serving.weights import read_run_weights

    with shown_on(sys.stderr, logging.WARNING):
        return read_run_weights(folder, record)


def _networks(record: Record) -> str:
    design = record.design
    return f"{count(design.k, design.family)} {design.depth}x{design.width}"


def _facts(record: Record, execution: str) -> dict[str, str]:
    """Return what files say of the run: name, fingerprint, error, and how members are run."""
    return {
        "run": record.name,
        "fingerprint": record.fingerprint,
        "execution": execution,
        f"{record.dataset.evaluated_on}_error_percent": repr(record.error_percent),
    }


def _averaged_from(record: Record) -> dict[str, int]:
    """Return the side from which images are to be averaged first, as those of the training were."""
    side = reduced_from(record)
    return {} if side is None else {"averaged_from": side}


def _say_averaged(record: Record) -> None:
    """Say what has to be done to images, where those of the training were averaged."""
    side, reduced = reduced_from(record), record.dataset.image_size
    if side is not None:
        print(
            f"its images were averaged over areas from {side}x{side} to {reduced}x{reduced} "
            f"pixels, and so must be those that it is given (docs/serving.md)"
        )


def _averaged_text(record: Record) -> dict[str, str]:
    return {key: str(side) for key, side in _averaged_from(record).items()}


def _member_metadata(record: Record, class_names: Sequence[str]) -> list[dict[str, str]]:
    """Return what is written into the file of each member, with the member's own error."""
    return [
        {
            "run": record.name,
            "fingerprint": record.fingerprint,
            "execution": f"member {number}",
            **_averaged_text(record),
            f"{record.dataset.evaluated_on}_error_percent": repr(error),
            "class_names": json.dumps(list(class_names)),
        }
        for number, error in enumerate(record.epochs[-1].member_error_percent)
    ]


def _recorded(record: Record, settings: CascadeSettings) -> dict[str, dict[str, float]]:
    """Return what the record says of a cascade with these settings, if it does."""
    settings_of = ((cascade.rule, cascade.threshold) for cascade in record.cascades)
    if (settings.rule, settings.threshold) not in settings_of:
        return {}
    cascade = next(one for one in record.cascades if one.rule == settings.rule)
    error = {f"{record.dataset.evaluated_on}_error_percent": cascade.error_percent}
    return {"cascade": {**error, "mean_members": cascade.mean_members}}


if __name__ == "__main__":
    sys.exit(main())
