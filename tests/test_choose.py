"""The command from a folder of images to an answer. No run trains here but in the last test."""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ensemble_switchover import choose as module
from ensemble_switchover.choose import main
from ensemble_switchover.config.store_names import UNFINISHED_FOLDER
from ensemble_switchover.results.store import write_record
from ensemble_switchover.sweep.choice.choose_size import ChosenStudy
from ensemble_switchover.sweep.choice.kept_choice import write_choice
from ensemble_switchover.sweep.choice.own_images import look_at
from ensemble_switchover.sweep.choice.study_size import StudySize
from ensemble_switchover.sweep.choice.time_limit import ProgramEnding
from tests import program
from tests.factories import make_study, planted_error
from tests.planted_metrics import error_for_single, make_nll_study, nll_for_deq
from tests.sweep.choice.own_folders import make_images

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SIZE = StudySize(image_side=16, train_images=48, epochs=12, budgets=(15_000, 25_000, 37_000))


class Sweeps:
    """Stands for the sweeps that the command runs: each leaves records, and ends in a given way."""

    def __init__(self, results: Path) -> None:
        self.results = results
        self.ending = ProgramEnding(0)
        self.leaves_records = True
        self.words: list[list[str]] = []
        self.seconds: list[float] = []

    def run(self, words: Sequence[str], seconds: float) -> ProgramEnding:
        self.words.append(list(words))
        self.seconds.append(seconds)
        study = next(word.partition("=")[2] for word in words if word.startswith("study="))
        for record in make_study(planted_error) if self.leaves_records else []:
            write_record(self.results / study / record.name, record)
        return self.ending


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return make_images(tmp_path / "own photos")


@pytest.fixture
def sweeps(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Sweeps:
    made = Sweeps(folder.parent / "results")
    monkeypatch.setattr(module, "run_within", made.run)
    monkeypatch.setattr(module.interruption, "listen", lambda: None)
    monkeypatch.setattr(
        module,
        "choose_size",
        lambda study, *_, **__: ChosenStudy(SIZE, study.overrides_of(SIZE), 100.0),
    )
    return made


def test_images_are_checked_the_study_is_shown_and_the_answer_ends_it(
    folder: Path, sweeps: Sweeps, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "--minutes", "10"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "60 images of 2 classes: 48 to train on, 12 to test on"
    assert any("a first answer stands in about 1 min 4" in line for line in lines)
    shown = next(line for line in lines if line.startswith("python -m ensemble_switchover sweep="))
    assert "study=own_photos_10min" in shown
    assert "sweep.check" not in shown
    assert sweeps.words[0][-1] == "sweep.check=false"
    hours = re.search(r"sweep\.hours=([0-9.]+)", shown)
    assert hours is not None
    assert 0.14 < float(hours[1]) < 10 / 60
    assert 3600 * float(hours[1]) < sweeps.seconds[0] < 660
    *_, build, sure, surer, trained, page = lines
    assert build.startswith("Build ")
    assert sure.endswith(".")
    assert surer
    assert "ensemble_switchover.export results/own_photos_10min/" in trained
    assert page == "results/own_photos_10min/report/index.html"
    assert (folder.parent / page).is_file()


def test_limits_hold_for_the_answer(
    folder: Path, sweeps: Sweeps, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), "k=2", "--parameters", "1k", "--study", "mine"]) == 0
    out = capsys.readouterr().out
    assert "None of the" in out
    assert "the limit on the number of parameters from 1,000 parameters" in out
    assert "k=2" in sweeps.words[0]


@pytest.mark.usefixtures("sweeps")
def test_an_answer_that_needs_more_time_names_the_same_command_with_more(folder: Path) -> None:
    given = module._parser().parse_args([str(folder), "k=2", "--parameters", "200k"])
    longer = module._longer(given, 600.0)
    assert longer == (
        f"python -m ensemble_switchover.choose '{folder}' --minutes 60 --parameters 200000 k=2"
    )
    elsewhere = module._parser().parse_args(
        [str(folder), "--results", "other place", "--study", "mine"]
    )
    assert module._again(elsewhere, 600.0) == (
        f"python -m ensemble_switchover.choose '{folder}' --minutes 10 --results 'other place' "
        "--study mine"
    )
    assert module._longer(elsewhere, 600.0) == (
        f"python -m ensemble_switchover.choose '{folder}' --minutes 60 --results 'other place'"
    )


def test_the_answer_may_be_by_another_metric(
    folder: Path,
    sweeps: Sweeps,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "tests.test_choose.make_study", lambda _: make_nll_study(nll_for_deq, error_for_single)
    )
    assert main([str(folder), "--metric", "nll"]) == 0
    out = capsys.readouterr().out
    assert "Build deq (depth-equivalent" in out
    assert ", by which it is chosen" in out
    assert "of those measured by NLL" in out or "the lowest NLL" in out
    assert not any("metric" in word for word in sweeps.words[0])
    page = folder.parent / out.splitlines()[-1]
    assert "Designs are compared by NLL." in page.read_text("utf-8")

    given = module._parser().parse_args([str(folder), "--metric", "balanced_error"])
    assert module._again(given, 600.0).endswith("--minutes 10 --metric balanced_error")

    assert main([str(folder), "--metric", "calibrated_nll"]) == 2
    assert "runs lack the calibrated test NLL" in capsys.readouterr().err


def test_ctrl_c_gives_the_answer_so_far(
    folder: Path, sweeps: Sweeps, capsys: pytest.CaptureFixture[str]
) -> None:
    sweeps.ending = ProgramEnding(130, interrupted=True)
    assert main([str(folder)]) == 130
    assert "Build " in capsys.readouterr().out


def test_an_overrun_is_told(
    folder: Path, sweeps: Sweeps, capsys: pytest.CaptureFixture[str]
) -> None:
    sweeps.ending = ProgramEnding(130, overran=True)
    assert main([str(folder)]) == 0
    out = capsys.readouterr().out
    assert "The time is over, and" in out
    assert "Build " in out


@pytest.mark.parametrize(
    ("code", "interrupted", "expected"), [(0, False, 1), (2, False, 2), (130, True, 130)]
)
def test_without_a_finished_run_it_says_so(
    folder: Path,
    sweeps: Sweeps,
    capsys: pytest.CaptureFixture[str],
    code: int,
    interrupted: bool,
    expected: int,
) -> None:
    sweeps.leaves_records = False
    sweeps.ending = ProgramEnding(code, interrupted=interrupted)
    assert main([str(folder)]) == expected
    assert "No run is finished" in capsys.readouterr().out


@pytest.mark.usefixtures("sweeps")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--minutes", "3", "--hours", "1"], "expected one of them, the whole time"),
        (["--study", "wandb"], "--study wandb: expected the name of a folder that"),
        (["dataset=digits"], "dataset=digits: is set by this command; expected the folder alone"),
        (["study=mine"], "study=mine: is set by this command; expected --study"),
    ],
)
def test_a_mistake_is_one_sentence(
    folder: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(folder), *words]) == 2
    captured = capsys.readouterr()
    assert told in captured.err
    assert len(captured.err.splitlines()) == 1


@pytest.mark.process
@pytest.mark.slow
def test_a_real_study_is_stopped_by_ctrl_c_and_the_same_command_goes_on(tmp_path: Path) -> None:
    make_images(tmp_path / "photos")
    overrides = [
        "budget.parameters=15k", "epochs=40", "seed=0,1,2", "dataset.image_size=8",
        "measurement.latency_batch_sizes=[1]", "measurement.layer_repeats=0",
    ]  # fmt: skip
    content = look_at(tmp_path / "photos", overrides).content
    asked = {"images": content, "overrides": overrides, "--parameters": None}
    write_choice(tmp_path / "results" / "own", asked, replace(SIZE, budgets=()))
    words = ("photos", "--minutes", "30", "--study", "own", *overrides)

    first = program.start(*words, folder=tmp_path, module="ensemble_switchover.choose")
    while not list((tmp_path / "results" / "own" / UNFINISHED_FOLDER).glob("*/run.log")):
        assert first.poll() is None, first.communicate()
        time.sleep(0.2)
    os.kill(first.pid, signal.SIGINT)
    out, _ = first.communicate()
    assert first.returncode == 130
    assert "No run is finished" in out or "Build " in out

    again = program.run(*words, folder=tmp_path, module="ensemble_switchover.choose")
    assert again.returncode == 0, again.stderr
    assert "this study goes on" in again.stdout
    assert "Build " in again.stdout
    assert again.stdout.splitlines()[-1] == "results/own/report/index.html"
