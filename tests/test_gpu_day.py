"""`benchmarks.gpu_day`: measurements that misbehave, its tables, and a rehearsal of it all."""

import ast
import doctest
import json
import os
import signal
import sys
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest
import torch
from torch import nn

from benchmarks import gpu_day
from benchmarks.execution import REFERENCE, SINGLE
from benchmarks.gpu_day import __main__ as command
from benchmarks.gpu_day import child, stages
from benchmarks.gpu_day import day as day_module
from benchmarks.gpu_day.cases import NETWORKS, Case
from benchmarks.gpu_day.conv_paths import shapes_of
from benchmarks.gpu_day.day import Day
from benchmarks.gpu_day.figures import CUT, FAILED, FIGURES_FILE, MEASURED, Figures
from benchmarks.gpu_day.gpu_tests import TESTS
from benchmarks.gpu_day.item import CutOff, Item, Settings, Stage
from benchmarks.gpu_day.step_tables import summary_table, timed_sides
from ensemble_switchover.networks import build_network
from tests import program

pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@pytest.mark.parametrize(
    "module", [f"benchmarks.gpu_day.{one.name}" for one in iter_modules(gpu_day.__path__)]
)
def test_examples_in_docstrings_are_right(module):
    assert doctest.testmod(import_module(module)).failed == 0


def test_a_torn_line_costs_that_line_alone(tmp_path):
    figures = Figures(tmp_path)
    figures.write(item="one", status=MEASURED, values={"a": 1})
    with (tmp_path / FIGURES_FILE).open("a") as file:
        file.write('{"item": "two", "stat')
    figures.write(item="three", status=FAILED, reason="it broke")
    assert sorted(figures.items()) == ["one", "three"]


def test_a_measurement_is_not_undone_by_what_comes_later(tmp_path):
    figures = Figures(tmp_path)
    for status in (FAILED, MEASURED, CUT):
        figures.write(item="one", status=status)
    assert figures.items()["one"]["status"] == MEASURED


@pytest.fixture
def days(tmp_path, monkeypatch):
    """Run days of stages of one's own; return the figures, and what was said."""
    said = []

    def run(*made, seconds=240.0):
        monkeypatch.setattr(child, "list_stages", lambda settings: made)
        figures = Figures(tmp_path)
        Day(Settings(tmp_path), figures, time.monotonic() + seconds, said.append).run(made)
        return figures.items()

    return run


def good(here):
    return {"process": os.getpid()}


def noted(folder, name):
    """Return a measurement that leaves a line each time that it is taken."""

    def measure(here):
        with (folder / "taken").open("a") as file:
            file.write(f"{name}\n")
        return {}

    return measure


def broken(here):
    raise ValueError("depth=5: expected 6\nand more")


def killed(here):
    os.kill(os.getpid(), signal.SIGKILL)


def hanging(here):
    time.sleep(60)


def unfinished(here):
    raise CutOff("2 runs were finished")


@pytest.mark.process
def test_what_misbehaves_costs_itself_alone(days):
    items = [
        Item("good", good),
        Item("broken", broken),
        Item("killed", killed),
        Item("hanging", hanging, limit_seconds=0.5),
        Item("unfinished", unfinished),
        Item("good too", good),
    ]
    lines = days(Stage("all", 1, tuple(items)))
    assert lines["good"]["status"] == lines["good too"]["status"] == MEASURED
    assert lines["good"]["values"]["process"] not in (
        lines["good too"]["values"]["process"],
        os.getpid(),
    )
    assert {name: line.get("reason") for name, line in lines.items()} == {
        "good": None,
        "broken": "ValueError: depth=5: expected 6",
        "killed": "its process ended by SIGKILL",
        "hanging": "took longer than its limit of 0.5 s, and was ended",
        "unfinished": "2 runs were finished",
        "good too": None,
    }
    assert {lines[name]["status"] for name in ("broken", "killed", "hanging")} == {FAILED}
    assert lines["unfinished"]["status"] == CUT


@pytest.mark.process
def test_a_second_day_takes_what_is_missing_and_what_failed_last(days, tmp_path):
    flag = tmp_path / "flag"

    def fails_once(here):
        noted(tmp_path, "fails once")(here)
        if not flag.exists():
            flag.touch()
            raise RuntimeError("once")
        return {}

    stage = Stage("all", 1, (Item("a", fails_once), Item("b", noted(tmp_path, "b"))))
    more = replace(stage, items=(*stage.items, Item("c", noted(tmp_path, "c"))))
    assert days(stage)["a"]["status"] == FAILED
    assert {line["status"] for line in days(more).values()} == {MEASURED}
    taken = (tmp_path / "taken").read_text().splitlines()
    assert taken == ["fails once", "b", "c", "fails once"]


@pytest.mark.process
def test_a_stage_keeps_its_share_and_what_is_over_is_for_what_was_cut(days):
    def slow(here):
        time.sleep(6)
        return {}

    lines = days(
        Stage("long", 0.1, (Item("endless", hanging), Item("never", good))),
        Stage("short", 0.9, (Item("quick", good),)),
        seconds=8.0,
    )
    assert lines["quick"]["status"] == MEASURED
    assert lines["endless"]["status"] == lines["never"]["status"] == CUT
    assert lines["never"]["reason"] == "the time was over before it"
    lines = days(
        Stage("cut", 0.1, (Item("slow", slow),)), Stage("rest", 0.9, (Item("quick 2", good),)),
        seconds=24.0,
    )  # fmt: skip
    assert lines["slow"]["status"] == MEASURED  # in the time that the other has left


@pytest.mark.process
def test_processes_that_end_before_they_begin_end_the_stage(days, monkeypatch):
    def stop(connection, *_):
        os._exit(1)

    monkeypatch.setattr(day_module, "work", stop)
    lines = days(Stage("all", 1, (Item("one", good), Item("two", good))))
    assert "end before they begin" in lines["one"]["reason"]
    assert lines["two"]["status"] == FAILED


@pytest.mark.slow
@pytest.mark.process
def test_a_rehearsal_measures_and_prints_all(tmp_path):
    def rehearse(minutes):
        arguments = ("--tiny", "--minutes", minutes, "--out", str(tmp_path))
        ended = program.run(*arguments, folder=tmp_path.parent, module="tests.short_gpu_day")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    printed = rehearse("20")
    lines = Figures(tmp_path).items()
    assert [line for line in lines.values() if line["status"] != MEASURED] == []
    assert len(lines) == len(stages.list_stages(Settings(tmp_path, tiny=True)))
    assert "not made" not in printed
    for stage in ("tests", "device", "step times", "convolutions", "costs", "study"):
        assert f"\n{stage}: 1 of 1 measured\n" in printed
    assert "0.3             8x4" in printed
    assert "A rehearsal with tiny sizes" in printed
    size = (tmp_path / FIGURES_FILE).stat().st_size
    assert rehearse("0") in printed
    assert (tmp_path / FIGURES_FILE).stat().st_size == size
    files = {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")}
    assert files == {"figures.jsonl", "tables.txt", "day.log", "records.tar.gz", "runs"}


def runs(process_id):
    """Return whether there is such a process, and it is not one that is over."""
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.slow
@pytest.mark.process
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux ends children so")
def test_a_killed_day_leaves_no_process_and_goes_on(tmp_path):
    out = tmp_path / "out"
    arguments = ("--tiny", "--minutes", "20", "--out", str(out), "--only", "deq, 32, eager")
    figures = Figures(out)

    def start():
        return program.start(*arguments, folder=tmp_path, module="benchmarks.gpu_day")

    def statuses():
        return {name: line["status"] for name, line in figures.items().items()}

    process, end = start(), time.monotonic() + 240
    while list(statuses().values()) != [MEASURED, "begun"] and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    first, second = statuses()
    measuring = figures.items()[second]["process"]
    end = time.monotonic() + 60
    while runs(measuring) and time.monotonic() < end:
        time.sleep(0.02)
    assert not runs(measuring)
    assert statuses() == {first: MEASURED, second: "begun"}
    before = figures.items()[first]["at"], len(figures.read())
    again = program.run(*arguments, folder=tmp_path, module="benchmarks.gpu_day")
    assert again.returncode == 0, again.stderr
    assert set(statuses().values()) == {MEASURED}
    assert len(statuses()) == 6
    assert figures.items()[first]["at"] == before[0]
    after = [line for line in figures.read()[before[1] :] if line.get("item") == second]
    assert [line["status"] for line in after] == ["begun", MEASURED]  # the killed one's had ended


@pytest.mark.parametrize("minutes", ["-1", "soon", "nan", "inf", "1441"])
def test_minutes_that_are_none_are_refused(minutes, tmp_path, capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["--minutes", minutes, "--out", str(tmp_path)])
    assert f"expected 0 to 1440 minutes; {minutes} came" in capsys.readouterr().err


def refused(capsys, *arguments):
    with pytest.raises(SystemExit, match="2"):
        command.main(list(arguments))
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_a_folder_that_cannot_be_written_is_refused(tmp_path, capsys):
    (tmp_path / "file").touch()
    out = tmp_path / "file" / "out"
    assert f"--out: cannot write to {out} (Not a directory)" in refused(capsys, "--out", str(out))


def test_a_second_day_in_the_same_folder_is_refused(tmp_path, capsys):
    with command._claim(tmp_path):
        assert "another day works in" in refused(capsys, "--tiny", "--out", str(tmp_path))
    with command._claim(tmp_path):
        pass


FACTS = {"device": "cpu", "device_name": "A processor", "versions": {"torch": "2.15.0"}}


@pytest.fixture
def facts(monkeypatch):
    """Let the machine be what a test says."""

    def be(**changes):
        monkeypatch.setattr(day_module, "ask_facts", lambda _: ("fork", {**FACTS, **changes}))

    be()
    return be


def test_without_a_gpu_the_command_says_what_it_needs(facts, tmp_path, capsys):
    error = refused(capsys, "--out", str(tmp_path))
    assert "needs a machine with an NVIDIA GPU" in error
    assert "--tiny rehearses it on any machine" in error
    assert not (tmp_path / FIGURES_FILE).exists()


def test_a_device_in_trouble_is_told(facts, tmp_path, capsys):
    facts(trouble="RuntimeError: the driver is too old")
    assert "the driver is too old" in refused(capsys, "--out", str(tmp_path))


def test_figures_of_another_device_are_not_mixed(facts, tmp_path, capsys):
    Figures(tmp_path).write(session=1, condition="NVIDIA H200, torch 2.11.0, whole", facts={})
    error = refused(capsys, "--tiny", "--out", str(tmp_path))
    assert "has the figures of NVIDIA H200, torch 2.11.0, whole, and this is A processor" in error


def test_a_text_that_no_name_has_is_refused(facts, tmp_path, capsys):
    error = refused(capsys, "--tiny", "--out", str(tmp_path), "--only", "rresnet")
    assert "none has 'rresnet'" in error


def test_tables_of_nothing_have_no_figure(tmp_path, capsys):
    assert command.main(["--minutes", "0", "--out", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "Nothing was measured yet." in printed
    assert "not made" not in printed
    text = (tmp_path / "tables.txt").read_text()
    (row,) = (line for line in text.splitlines() if line.startswith("test_cuda.py::test_members"))
    assert row.split()[1:] == ["-", "[1]"] * 4
    assert "[1] not begun" in text


def case_lines(case):
    """Make figures whose ratios are known: milliseconds of two rounds, by side."""

    def line(**seconds):
        return {
            "status": MEASURED,
            "values": {
                "family": "resnet", "depth": 56, "width": 8, "k": 4, "budget_fill": 1.0,
                "batch_size": 128, "steps": 2, "left_out": {},
                "seconds": {name.replace("_", " "): times for name, times in seconds.items()},
            },
        }  # fmt: skip

    single = f"{SINGLE}, {REFERENCE}".replace(" ", "_")
    return {
        case.item("training", "eager"): line(
            sequential=[0.8, 1.6], fused=[0.2, 0.4], **{single: [0.1, 0.2]}
        ),
        case.item("training", "sequential, compiled"): line(
            sequential=[0.9, 1.8], **{"sequential, compiled": [0.3, 0.6]}
        ),
        case.item("training", "fused, compiled"): {"status": FAILED, "reason": "it was cut"},
    }


def test_ratios_are_of_the_same_rounds_and_cross_items_by_the_reference():
    case = Case("resnet 56x16", "deq", "bf16")
    lines = case_lines(case)
    sides = timed_sides(lines, case, "training")
    assert {label: (side.milliseconds, side.speed) for label, side in sides.items()} == {
        "sequential": (pytest.approx(600), 1.0),
        "fused": (pytest.approx(150), pytest.approx(4.0)),
        "one network, sequential": (pytest.approx(75), pytest.approx(8.0)),
        "sequential, compiled": (pytest.approx(225), pytest.approx(3.0)),
    }
    table, notes = summary_table(lines, "training", "NVIDIA H200", tiny=False, whole=False)
    (row,) = zip(*(column.cells for column in table.columns), strict=True)
    floor_ms = 1000 * 0.38 / 391
    assert row == (
        "resnet 56x16 deq bf16",
        "4 x 56x8, 100%",
        "600",
        "3.00 compiled [1]",
        "fused",
        "4.00",
        "1.33",
        "2.00 [2]",
        f"{150 / floor_ms:.2f}",
    )
    first, _, *others = notes.lines()
    assert first == "[1] of those measured; sequential, channels last, compiled: not begun"
    assert "17 rows without a measurement: the reasons are below, and in tables.txt" in others


def test_a_floor_of_another_device_is_no_figure():
    case = Case("resnet 56x16", "deq", "bf16")
    table, notes = summary_table(case_lines(case), "training", "A100", tiny=False, whole=False)
    assert list(table.columns[-1].cells) == ["- [3]"]
    assert "[3] the floors are of an H200" in notes.lines()


@pytest.mark.parametrize("network", NETWORKS[True])
def test_shapes_of_convolutions_are_those_of_the_built_network(network):
    spec, _ = Case(network, "deq", "32").resolve(tiny=True)
    built = build_network(spec.family, spec.design.depth, spec.design.width, spec.task)
    found = set()

    def note(module, inputs, _):
        kernel, stride = module.kernel_size[0], module.stride[0]
        size = inputs[0].shape[-1]
        found.add((module.in_channels, module.out_channels, size, kernel, stride))

    for module in built.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    built(torch.zeros(2, spec.task.channels, spec.task.size, spec.task.size))
    assert set(shapes_of(spec, 100)) == found
    few = shapes_of(spec, 3)
    assert len(few) == 3
    assert {few[0], few[-1]} == {shapes_of(spec, 100)[0], shapes_of(spec, 100)[-1]}


def test_all_tests_that_need_a_gpu_are_in_the_day():
    tests = Path(__file__).parent
    marked = set()
    for path in tests.rglob("test_*.py"):
        text = path.read_text()
        if "mark.cuda" not in text or path == Path(__file__):
            continue
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef):
                decorators = " ".join(map(ast.unparse, node.decorator_list))
                if "mark.cuda" in decorators or "DEVICES" in decorators:
                    marked.add((str(path.relative_to(tests)), node.name))
    assert marked == set(TESTS)
    assert len(set(TESTS)) == len(TESTS)


def test_names_of_measurements_are_unique_and_short_enough_to_be_read():
    for tiny in (False, True):
        names = [
            item.name
            for stage in stages.list_stages(Settings(Path(), tiny=tiny))
            for item in stage.items
        ]  # fmt: skip
        assert len(set(names)) == len(names)
        assert max(map(len, names)) < 100


def test_a_line_of_figures_is_json(tmp_path):
    Figures(tmp_path).write(item="one", status=MEASURED, values={"a": [1, None]})
    (line,) = (tmp_path / FIGURES_FILE).read_text().splitlines()
    assert json.loads(line)["values"] == {"a": [1, None]}
