"""The size of the predictions that a plan tells, against the files of a run."""

import re

import pytest

from ensemble_switchover.plan import main
from ensemble_switchover.planning.kept_predictions import describe_kept
from ensemble_switchover.results.predictions import predictions_bytes
from ensemble_switchover.runner.job import run_job

SMALL = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")


def described(tiny_spec, *overrides):
    runs = [tiny_spec(*SMALL, *own) for own in overrides]
    return describe_kept([spec for spec, _ in runs], {spec.name: config for spec, config in runs})


def test_the_line_has_the_sum_and_the_largest(tiny_spec):
    # 2 members x 60 images x 10 classes x 4 bytes; both epochs in the second run
    (line,) = described(tiny_spec, (), ("seed=1", "record.predictions=all"))
    assert line == (
        "Predictions kept beside the records (record.predictions=all, record.predictions=final): "
        "14.4 kB, 9.6 kB of the run with most"
    )
    assert described(tiny_spec, ("record.predictions=none",)) == []
    (line,) = described(tiny_spec, ())
    assert line.endswith("(record.predictions=final): 4.8 kB")


@pytest.mark.slow
def test_it_is_the_size_of_the_files(tiny_spec):
    spec, config = tiny_spec(*SMALL, "record.predictions=all")
    run_job(spec, config, concurrent_jobs=1)
    written = sum(path.stat().st_size for path in spec.folder.glob("predictions-*.npz"))
    foreseen = predictions_bytes(spec, "all")
    labels_and_headers = 2 * (4 * 60 + 1000)
    assert foreseen < written < foreseen + labels_and_headers


def test_plan_tells_it(capsys):
    assert main(["dataset=cifar100", "design=deq", "k=4", "--machine", "h100"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    found = re.search(
        r"Predictions kept beside the records \(record.predictions=final\): (\S+ \S+)", out
    )
    assert found.group(1) == "16 MB"
