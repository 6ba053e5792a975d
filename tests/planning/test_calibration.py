"""Rates from timings, and the files that hold them."""

import dataclasses
import json
import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ensemble_switchover.planning.calibration import (
    CALIBRATION_VERSION,
    add_observations,
    calibration_folder,
    find_calibration,
    merge,
    read_calibrations,
    write_calibration,
)
from ensemble_switchover.planning.workload import Pass, Workload, seconds
from tests.planning.synthetic import (
    RATES,
    WORKS,
    make_calibration,
    make_conditions,
    observe,
)


@pytest.mark.parametrize("timed", Pass)
def test_planted_rates_are_recovered(timed):
    calibration = make_calibration()
    assert calibration.rates[timed] == pytest.approx(RATES[timed], rel=1e-6)
    assert calibration.factors[timed] == {"resnet": pytest.approx(1)}
    work = Workload(77, 3 * 10**8, 4 * 10**6)
    predicted = calibration.predict(timed, "another design", "resnet", work)
    assert predicted == pytest.approx(seconds(RATES[timed], work))


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_a_family_that_takes_longer_has_its_factor(factor):
    observed = [
        observe(work, design=f"{family} {number}", family=family, factor=of_family)
        for family, of_family in (("resnet", 1), ("densenet", factor))
        for number, work in enumerate(WORKS)
    ]
    calibration = make_calibration(observed)
    work = Workload(77, 3 * 10**8, 4 * 10**6)
    expected = seconds(RATES[Pass.TRAINING], work)
    for family, of_family in (("resnet", 1), ("densenet", factor)):
        predicted = calibration.predict(Pass.TRAINING, "another", family, work)
        assert predicted == pytest.approx(of_family * expected)
    # a family that was not timed is predicted by the rates alone
    alone = seconds(calibration.rates[Pass.TRAINING], work)
    assert calibration.predict(Pass.TRAINING, "another", "vgg", work) == pytest.approx(alone)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(1e-4, 10), min_size=1, max_size=6))
def test_whatever_was_timed_rates_are_not_negative_and_predict_something(times):
    observed = [
        dataclasses.replace(observe(WORKS[i % 5], design=f"design {i}"), median_seconds=time)
        for i, time in enumerate(times)
    ]
    calibration = make_calibration(observed)
    assert min(calibration.rates[Pass.TRAINING]) >= 0
    for i, time in enumerate(times):  # what was timed itself needs no rates
        assert calibration.predict(Pass.TRAINING, f"design {i}", "resnet", WORKS[0]) == time
    assert calibration.predict(Pass.TRAINING, "another", "resnet", WORKS[2]) > 0


def test_a_pass_that_was_never_timed_is_not_predicted():
    calibration = make_calibration([observe(WORKS[0], design="design")])
    assert calibration.predict(Pass.ONE, "design", "resnet", WORKS[0]) is None
    assert make_calibration([]).predict(Pass.TRAINING, "x", "resnet", WORKS[0]) is None


def test_new_timings_join_the_old_and_replace_those_of_the_same_design():
    old = make_calibration(
        [observe(WORKS[0], design="first"), observe(WORKS[1], design="second")], date="2026-01-01"
    )
    new = make_calibration(
        [
            observe(WORKS[1], design="second", factor=2),
            observe(WORKS[1], design="second", timed=Pass.MANY),
            observe(WORKS[2], design="third"),
        ],
        date="2026-02-02",
    )
    both = merge(old, new)
    assert [(entry.design, entry.timed) for entry in both.observations] == [
        ("first", Pass.TRAINING),
        ("second", Pass.TRAINING),
        ("second", Pass.MANY),
        ("third", Pass.TRAINING),
    ]
    assert both.observations[1] == new.observations[0]
    assert both.date == "2026-02-02"
    assert both == make_calibration(both.observations, date="2026-02-02")  # fitted to all


def test_another_torch_starts_anew():
    old = make_calibration(torch="2.14")
    new = make_calibration([observe(WORKS[0], design="only")])
    assert merge(old, new) == new
    assert merge(None, new) == new


def test_what_is_written_is_read(tmp_path):
    first = make_calibration()
    second = make_calibration(conditions=make_conditions(precision="64", threads=3))
    paths = {write_calibration(entry, tmp_path / "new" / "folder") for entry in (first, second)}
    assert len(paths) == 2
    assert write_calibration(first, tmp_path / "new" / "folder") in paths
    found, problems = read_calibrations(tmp_path / "new" / "folder")
    assert problems == []
    assert sorted(found, key=lambda entry: entry.conditions.precision) == [first, second]
    assert {path.suffix for path in (tmp_path / "new" / "folder").iterdir()} == {".json"}


def test_no_folder_is_no_calibration(tmp_path):
    assert read_calibrations(tmp_path / "absent") == ([], [])
    (tmp_path / "file").write_text("")
    assert read_calibrations(tmp_path / "file") == ([], [])


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"\xff\xfe", b'{"version": 1}', b'{"version": "new"}']
)
def test_a_file_that_cannot_be_read_is_named_and_left_out(content, tmp_path):
    good = write_calibration(make_calibration(), tmp_path)
    (tmp_path / "aaa.json").write_bytes(content)
    found, (problem,) = read_calibrations(tmp_path)
    assert found == [make_calibration()]
    assert str(tmp_path / "aaa.json") in problem
    assert str(good) not in problem
    assert "\n" not in problem


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("observations.0.median_seconds", 0, "greater than 0"),
        ("observations.0.median_seconds", math.nan, "median_seconds: Input should be"),
        ("observations.0.work.flops", 0, "greater than or equal to 1"),
        ("observations.0.repeats", 2**70, "less than or equal to"),
        ("rates.training.0", -1, "greater than or equal to 0"),
        ("conditions.threads", "two", "valid integer"),
        ("num_threads", 0, "greater than or equal to 1"),
    ],
)
def test_impossible_timings_are_left_out_with_the_reason(path, value, reason, tmp_path):
    file = write_calibration(make_calibration(), tmp_path)
    values = json.loads(file.read_text())
    place = values
    *parts, last = (int(part) if part.isdecimal() else part for part in path.split("."))
    for part in parts:
        place = place[part]
    place[last] = value
    file.write_text(json.dumps(values))
    found, (problem,) = read_calibrations(tmp_path)
    assert found == []
    assert reason in problem


def test_a_folder_in_place_of_a_file_and_another_version_are_named_too(tmp_path):
    (tmp_path / "folder.json").mkdir()
    path = write_calibration(make_calibration(), tmp_path)
    path.write_text(
        json.dumps({**json.loads(path.read_text()), "version": CALIBRATION_VERSION + 1})
    )
    found, problems = read_calibrations(tmp_path)
    assert found == []
    assert len(problems) == 2
    assert any(
        f"version {CALIBRATION_VERSION + 1}, expected {CALIBRATION_VERSION}" in problem
        for problem in problems
    )


@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda"},
        {"device_name": "Example CPU 2"},
        {"execution": "stacked"},
        {"precision": "64"},
        {"compiled": True},
        {"threads": 2},
        {"augmentation": "standard"},
    ],
)
def test_conditions_are_never_mixed(change, tmp_path):
    here, other = make_conditions(), make_conditions(**change)
    calibration = make_calibration(conditions=here)
    assert find_calibration([calibration], here) is calibration
    assert find_calibration([calibration], other) is None
    assert write_calibration(calibration, tmp_path) != write_calibration(
        make_calibration(conditions=other), tmp_path
    )


def test_the_folder_is_of_the_users_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = calibration_folder(None)
    assert folder.parts[-2:] == ("ensemble_switchover", "calibrations")
    assert not folder.exists()


def test_what_is_far_from_all_that_was_timed_is_extrapolated():
    calibration = make_calibration()
    timed = Pass.TRAINING
    known = calibration.observations[0]
    near = Workload(50, 10**9, 10**7)
    assert not calibration.is_extrapolated(timed, known.design, "vgg", known.work)
    assert not calibration.is_extrapolated(timed, "other", "resnet", near)
    assert calibration.is_extrapolated(timed, "other", "vgg", near)
    assert calibration.is_extrapolated(timed, "other", "resnet", Workload(50, 10**12, 10**7))
    assert calibration.is_extrapolated(timed, "other", "resnet", Workload(2, 10**9, 10**7))
    few = dataclasses.replace(calibration, observations=calibration.observations[:2])
    assert few.is_extrapolated(timed, "other", "resnet", near)


def test_processes_that_calibrate_at_once_lose_nothing(tmp_path):
    def add(number):
        entry = observe(WORKS[number % 5], design=f"design {number}")
        add_observations(make_calibration([entry]), tmp_path)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(16)))
    ((calibration,), problems) = read_calibrations(tmp_path)
    assert len(calibration.observations) == 16
    assert problems == []
    assert not list(tmp_path.glob("*.part"))
