"""A sweep of so many hours: what it decides, what it makes, and that it goes on. No run trains."""

import math
import re
from types import SimpleNamespace

import pytest
from hydra import compose, initialize_config_dir

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import write_failure, write_record
from ensemble_switchover.sweep import within_hours as timed_sweep
from ensemble_switchover.sweep.next_runs import FinishedRuns
from ensemble_switchover.sweep.within_hours import HOUR_SECONDS
from tests.config.image_folders import make_files
from tests.factories import make_record

pytestmark = pytest.mark.slow

RUN_SECONDS = 60.0
SWITCHOVER = 400_000


def planted_jobs(block):
    return [RUN_SECONDS * spec.recipe.epochs / usual_epochs(spec) for spec in block]


def usual_epochs(spec):
    return 20 if spec.family.name == "resnet" else spec.recipe.epochs


PLANTED = SimpleNamespace(
    jobs=planted_jobs,
    start_seconds=0.0,
    seconds=lambda block: sum(planted_jobs(block)),
    workplace=SimpleNamespace(at_a_time=lambda _: 1.0),
    overheads=SimpleNamespace(decode_seconds=0.0, decoded_images=1),
)


def planted_error(spec):
    """Return an error by which ensembles are better beyond a budget."""
    gain = 1.5 * math.log2(spec.budget.parameters / SWITCHOVER) if spec.design.k > 1 else 0
    return 20.0 - gain + 0.3 * (spec.seed % 3) * (-1 if spec.design.k > 1 else 1)


class Laboratory:
    """Runs that take a minute each, and whose winner is planted."""

    def __init__(self):
        self.now = 0.0
        self.made = []
        self.error_of = planted_error

    def run_plan(self, plan, config, make_launcher):
        for spec in plan.study.specs:
            if (spec.folder / RECORD_FILE).exists():
                continue
            self.made.append(spec)
            self.now += RUN_SECONDS
            record = make_record(name=spec.name, test_errors=[self.error_of(spec)])
            write_record(spec.folder, record)


def _names(specs):
    return [spec.name for spec in specs]


@pytest.fixture
def laboratory(monkeypatch):
    found = Laboratory()
    monkeypatch.setattr(timed_sweep, "time", SimpleNamespace(monotonic=lambda: found.now))
    monkeypatch.setattr(timed_sweep, "run_plan", found.run_plan)
    monkeypatch.setattr(timed_sweep, "block_predictor", lambda *_: PLANTED)
    # of the made-up records: 12 seconds each, while the clock goes on by a minute
    finished = timed_sweep.read_finished
    monkeypatch.setattr(
        timed_sweep,
        "read_finished",
        lambda specs: FinishedRuns(
            finished(specs).errors, dict.fromkeys(_names(specs), RUN_SECONDS)
        ),
    )
    return found


def sweep(results, *words, study="own"):
    given = [f"sweep={study}", "dataset=digits", "logger=none", f"results={results}", *words]
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        plain = [word for word in given if word.startswith("sweep")]  # as Hydra leaves lists out
        config = compose("config", overrides=plain, return_hydra_config=True)
        timed_sweep.run_sweep(config, given, None)


def test_the_time_is_kept_and_spent_near_the_switchover(laboratory, tmp_path, capsys):
    sweep(tmp_path, "sweep.hours=0.6", "design=single,deq")
    assert laboratory.now <= 0.6 * HOUR_SECONDS
    names = [spec.name for spec in laboratory.made]
    assert len(names) == len(set(names))
    later = [spec.budget.parameters for spec in laboratory.made[18:]]
    assert later
    assert all(abs(math.log2(parameters / SWITCHOVER)) <= 1.3 for parameters in later)
    out = capsys.readouterr().out
    assert "probability to decide: deq k=4" in out
    assert out.count("Errors so far") == 1
    assert re.search(r"parameters\): \d+\.\d+ -> \d+\.\d+ %, \d+ seeds", out)
    assert "still open (98 % intervals): the time is over." in out
    assert "python -m ensemble_switchover.report" in out


def test_a_folder_is_checked_before_anything_else_is_said(laboratory, tmp_path, capsys):
    root = make_files(tmp_path / "own", {"cat": 40, "dog": 40})
    of_folder = ("dataset=folder", f"dataset.root={root}", f"dataset.cache={tmp_path / 'cache'}")
    words = (*of_folder, "design=single,deq", "budget.parameters=100k,1.6M")
    sweep(tmp_path / "results", *words, "sweep.hours=9")
    first, *_ = capsys.readouterr().out.splitlines()
    assert first == "dataset=folder: 80 images of 2 classes: 64 to train on, 16 to test on"
    (root / "cat" / "cut.jpg").write_bytes(b"\xff\xd8\xff broken")
    laboratory.made.clear()
    with pytest.raises(ConfigError, match=r"cat/cut.jpg: cannot be read as an image"):
        sweep(tmp_path / "others", *words, "sweep.hours=9")
    assert laboratory.made == []


def test_it_ends_when_everything_is_settled(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single,deq", "budget.parameters=100k,1.6M")
    sweep(tmp_path, *words)
    assert len(laboratory.made) == 2 * 3 * 2
    assert laboratory.now < HOUR_SECONDS
    out = capsys.readouterr().out
    assert "Every switchover that was asked for is settled (98 % intervals)." in out


def test_it_goes_lower_by_itself_where_the_smallest_budget_is_beyond(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single,deq", "budget.parameters=800k,1.6M")
    sweep(tmp_path, *words)
    lower = [s for s in laboratory.made if s.budget.parameters < 600_000]
    assert {s.design.design_class.value for s in lower} == {"single", "deq"}
    assert {s.study_folder for s in laboratory.made} == {tmp_path / "own"}
    out = capsys.readouterr().out
    assert "deq k=4: better at the smallest budget already, so " in out
    assert "settled" in out
    made = len(laboratory.made)
    sweep(tmp_path, *words)
    assert len(laboratory.made) == made


def test_the_same_command_goes_as_low_as_before(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single,deq", "budget.parameters=50k,100k", "seed=0,1,2")
    laboratory.error_of = lambda spec: 20.0 + 0.1 * spec.seed - 3.0 * (spec.design.k > 1)
    sweep(tmp_path, *words)
    made = len(laboratory.made)
    first = capsys.readouterr().out.splitlines()
    sweep(tmp_path, *words)
    second = capsys.readouterr().out.splitlines()
    assert len(laboratory.made) == made
    tried = [line for line in first if "are tried too" in line]
    assert len(tried) > 1
    assert [line for line in second if "are tried too" in line] == tried
    assert second[-3:] == first[-3:]


def test_where_no_smaller_design_exists_there_is_no_lower_bound(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single,weq", "k=4", "seed=0,1,2")
    laboratory.error_of = lambda spec: 20.0 + 0.1 * spec.seed - 3.0 * (spec.design.k > 1)
    sweep(tmp_path, *words, study="digits_wide_resnet")
    out = capsys.readouterr().out
    assert "settled (98 % intervals)" in out
    assert "weq k=4: better at the smallest budget, and no smaller one has such a design" in out


def test_single_networks_alone_are_all_made_and_settle_nothing(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single", "budget.parameters=100k,400k", "seed=0,1,2,3")
    sweep(tmp_path, *words)
    assert len(laboratory.made) == 2 * 4
    assert "settled" not in capsys.readouterr().out


def test_two_seeds_decide_nothing_and_it_says_so(laboratory, tmp_path, capsys):
    words = ("sweep.hours=9", "design=single,deq", "budget.parameters=100k,1.6M", "seed=0,1")
    sweep(tmp_path, *words)
    out = capsys.readouterr().out
    assert "seed: expected at least 3 seeds, and 2 came, which decide nothing" in out
    assert "2 budgets still open (98 % intervals): no run is left that may decide them." in out


def test_the_same_command_goes_on_with_the_same_epochs(laboratory, tmp_path, monkeypatch):
    sweep(tmp_path, "sweep.hours=0.6", "design=single,deq")
    made = [spec.name for spec in laboratory.made]
    epochs = {spec.recipe.epochs for spec in laboratory.made}
    assert epochs == {20}
    laboratory.now = 0.0
    monkeypatch.setattr(timed_sweep, "block_predictor", lambda *_: pytest.fail("decided"))
    sweep(tmp_path, "sweep.hours=1", "design=single,deq")
    again = [spec.name for spec in laboratory.made[len(made) :]]
    assert again
    assert not set(again) & set(made)
    assert {spec.recipe.epochs for spec in laboratory.made} == epochs


def test_short_of_time_the_schedule_is_scaled(laboratory, tmp_path):
    sweep(tmp_path, "sweep.hours=0.4", "design=single,deq")  # half of it for 18 minutes
    assert {spec.recipe.epochs for spec in laboratory.made} == {13}


def test_everything_is_made_where_there_is_time(laboratory, tmp_path):
    words = ("design=single,deq", "budget.parameters=100k,400k,1.6M", "seed=0,1")
    sweep(tmp_path, "sweep.hours=100", *words)
    assert len(laboratory.made) == 3 * 2 * 2


def test_failed_runs_alone_are_tried_again_where_that_is_asked(laboratory, tmp_path):
    words = ("design=single,deq", "budget.parameters=100k,400k", "seed=0,1", "sweep.hours=9")
    sweep(tmp_path, *words)
    spec = laboratory.made[0]
    for path in sorted(spec.folder.iterdir()):
        path.unlink()
    spec.folder.rmdir()
    write_failure(spec.folder, spec.name, "not finite")
    before = len(laboratory.made)
    sweep(tmp_path, *words, "retry=failed")
    assert [entry.name for entry in laboratory.made[before:]] == [spec.name]


def test_epochs_among_the_lists_of_a_study_stay(laboratory, tmp_path):
    words = ("sweep.hours=0.4", "design=single,deq", "budget.network=40x12,64x12", "seed=0,1")
    with pytest.raises(ConfigError, match=r"at least .* for 2 budgets of 30 epochs"):
        sweep(tmp_path, *words, study="figure_k")
    sweep(tmp_path, "sweep.hours=9", *words[1:], study="figure_k")
    assert {spec.recipe.epochs for spec in laboratory.made} == {30, 90}


def test_what_does_not_exist_is_told_once(laboratory, tmp_path, capsys):
    words = ("design=single,deq", "k=64", "budget.parameters=50k,1.6M", "seed=0,1")
    sweep(tmp_path, "sweep.hours=9", *words)
    assert capsys.readouterr().out.count("no such design: resnet on digits: design=deq k=64") == 1


def test_failed_runs_of_a_sweep_that_never_began_are_none(laboratory, tmp_path, capsys):
    sweep(tmp_path, "sweep.hours=9", "design=single,deq", "retry=failed")
    assert laboratory.made == []
    assert "No run has begun" in capsys.readouterr().out


@pytest.mark.parametrize("hours", ["0", "-1", ".nan", ".inf"])
def test_hours_are_more_than_none(hours, laboratory, tmp_path):
    with pytest.raises(ConfigError, match=r"sweep.hours=.*expected more than 0"):
        sweep(tmp_path, f"sweep.hours={hours.strip('.')}")
