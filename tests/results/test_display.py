"""The table of runs on a terminal."""

from dataclasses import replace

from rich.console import Console

from ensemble_switchover.machine.terminal import fitted
from ensemble_switchover.results.display import show_seconds
from ensemble_switchover.results.record import SecondsRecord
from ensemble_switchover.results.store import write_record
from ensemble_switchover.results.time_spent import sum_seconds
from tests.factories import make_record, of_timing_pass
from tests.results.program import run


def test_a_table_tells_states_and_names_what_is_not_finished(study, capsys):
    code, out, err = run(capsys, study)
    assert (code, err) == (0, "")
    assert "failed: failed: out of [red]memory" in out
    assert "unreadable: damaged: " in out
    last = out.splitlines()[-1]
    assert last == "7 runs: 1 running, 1 interrupted, 3 finished, 1 failed, 1 unreadable"


def test_a_table_of_seconds_says_per_run_in_all_and_in_shares():
    seconds = SecondsRecord(training=3.0, evaluation=0.5, rest=0.5, waiting=1.0)
    records = [
        replace(make_record(seed=seed), seconds=seconds, wall_seconds=4.0) for seed in range(2)
    ]
    older = replace(make_record(design_class="deq", test_errors=[9.0]), wall_seconds=300.0)
    shown = show_seconds(sum_seconds([*records, older]))
    assert shown.headers[:5] == ("Design", "k", "Runs", "Training", "Eval.")
    single, deq, every, share = shown.rows
    assert single[:5] == ("single", "1", "2", "3.00", "0.50")
    assert single[-3:] == ("0.50", "1.00", "5.00")
    assert deq[:3] == ("deq", "4", "1")
    assert deq[-1] == "300"
    assert every[0::2][:2] == ("all", "3")
    assert every[-1] == "310"
    assert share[-1] == "100 %"
    assert shown.caption.endswith("1 older record tells training and evaluation alone.")
    assert "older" not in show_seconds(sum_seconds(records)).caption


def test_families_and_data_sets_are_shown_where_there_are_several():
    records = [make_record(), make_record(family="wide_resnet", depth=28)]
    assert show_seconds(sum_seconds(records)).headers[:2] == ("Family", "Design")
    assert show_seconds(sum_seconds([])).rows == ()


def test_sizes_are_shown_where_those_of_one_data_set_differ(tmp_path, capsys):
    few, small = make_record(dataset={"train_size": 100}), make_record(dataset={"image_size": 4})
    cifar = make_record(dataset={"name": "cifar10", "train_size": 50_000, "image_size": 32})
    for other, shown in (
        (cifar, []), (few, ["Images"]), (small, ["Pixels"]), (make_record(seed=1), []),
    ):  # fmt: skip
        records = [replace(make_record(), name="a"), replace(other, name="b")]
        folder = tmp_path / f"{other.dataset.train_size}{other.dataset.image_size}{other.seed}"
        for record in records:
            write_record(folder / record.name, record)
        _, out, _ = run(capsys, folder)
        assert [name for name in ("Images", "Pixels") if name in out] == shown
        headers = show_seconds(sum_seconds(records)).headers
        assert [name for name in headers if name in ("Images", "Pixels")] == shown


def test_a_table_of_seconds_fits_100_columns():
    record = replace(make_record(design_class="single", k=1), wall_seconds=12.5)
    console = Console(width=100)
    shown = show_seconds(sum_seconds([record] * 80))
    assert fitted(shown, console) == shown


def test_a_table_says_of_what_the_times_are_where_they_are_of_both_kinds(tmp_path, capsys):
    own, other = make_record(), of_timing_pass(make_record(seed=1))
    for records, told, column in (
        ([own], False, False), ([own, other], True, True), ([other], True, False),
    ):  # fmt: skip
        folder = tmp_path / f"{len(records)}{told}"
        for record in records:
            write_record(folder / record.name, record)
        _, out, _ = run(capsys, folder)
        assert ("Times of" in out) is column
        assert ("timing pass:" in " ".join(out.split())) is told


def test_recipes_are_shown_where_they_differ(tmp_path, capsys):
    first, second = make_record(), make_record(seed=1)
    other = replace(second, recipe=replace(second.recipe, name="sgd_cosine"))
    for records, column in (([first, second], False), ([first, other], True)):
        folder = tmp_path / f"{column}"
        for record in records:
            write_record(folder / record.name, record)
        _, out, _ = run(capsys, folder)
        assert ("Recipe" in out) is column
