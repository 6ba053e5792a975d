"""The panels of the W&B workspace and report."""

import json
from dataclasses import replace

import pytest

from ensemble_switchover.config.wandb_names import wandb_group
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, of_timing_pass
from tests.tracking.panels import panels_of


def keys_of(panels):
    """Return the metrics, summary keys and config keys that panels name."""
    metrics, summaries, configs = set(), set(), set()
    for panel in panels:
        config = panel["config"]
        metrics |= set(config.get("metrics", []))
        for axis in ("xAxis", "yAxis"):
            section, _, name = config.get(axis, "").rpartition(":")
            if section == "summary":
                summaries.add(name)
            elif name:
                metrics.add(name)
        if "groupBy" in config:
            configs.add(config["groupBy"])
    return metrics, summaries, configs


@pytest.mark.parametrize("part", ["workspace", "report"])
def test_every_key_of_a_panel_is_one_that_a_run_logs(dry_run, logged_study, logged, part):
    specification, _ = dry_run(logged_study)
    metrics, summaries, configs = keys_of(panels_of(specification[part]))
    assert {"epoch", "test/error_percent", "train/training_seconds"} <= metrics
    assert {"summary/parameters", "test/error_percent", "summary/peak_rss_bytes"} <= summaries
    assert metrics <= {name for told in logged for row in told.history for name in row}
    assert summaries <= {name for told in logged for name in told.summary}
    assert configs == {"resolved.value.design_label"}
    assert all("design_label" in told.config["resolved"] for told in logged)


def test_validation_runs_have_panels_of_their_own_names(dry_run, tmp_path):
    record = make_record(dataset={"evaluated_on": "validation", "validation_size": 50})
    write_record(tmp_path / "demo" / record.name, record)
    specification, _ = dry_run(tmp_path / "demo")
    metrics, _, _ = keys_of(panels_of(specification))
    assert "validation/error_percent" in metrics
    assert "test/error_percent" not in metrics


def test_device_memory_and_resident_memory_are_never_in_one_panel(dry_run, tmp_path):
    record = make_record(peak_device_bytes=10**6)
    write_record(tmp_path / "demo" / record.name, record)
    specification, _ = dry_run(tmp_path / "demo")
    axes = [panel["config"].get("yAxis") for panel in panels_of(specification["workspace"])]
    assert axes.count("summary:summary/peak_device_bytes") == 1
    assert axes.count("summary:summary/peak_rss_bytes") == 1


def filters_of(grid):
    (runs,) = grid["metadata"]["runSets"]
    entries = [(entry["key"]["name"], entry["op"], entry["value"])
               for entry in runs["filters"]["filters"]]  # fmt: skip
    return [entry for entry in entries if "times_of" in entry[0]]


def test_times_of_both_kinds_are_never_in_one_panel(dry_run, tmp_path):
    records = [make_record(), of_timing_pass(make_record(seed=1))]
    for name, kept in (("own", records[:1]), ("passes", records[1:]), ("both", records)):
        for record in kept:
            write_record(tmp_path / name / record.name, replace(record, study=name))
    found = {}
    for name in ("own", "passes", "both"):
        specification, printed = dry_run(tmp_path / name)
        assert ("the report shows each apart" in printed) is (name == "both")
        views = panels_of(specification["workspace"])
        assert ("summary/epoch_seconds" in keys_of(views)[1]) is (name != "both")
        assert "summary/parameters" in keys_of(views)[1]
        found[name] = [
            filters_of(block)
            for block in specification["report"]["spec"]["blocks"]
            if block["type"] == "panel-grid"
            and keys_of(panels_of(block))[1] & {"summary/epoch_seconds", "summary/peak_rss_bytes"}
        ]
    assert found["own"] == found["passes"] == [[], []]
    of_passes = [("resolved.times_of", "=", "timing pass")]
    of_runs = [("resolved.times_of", "!=", "timing pass")]
    assert found["both"] == [of_runs, of_runs, of_passes, of_passes]


def test_colours_are_those_of_the_design_classes():
    from ensemble_switchover.reporting.figures.style import COLOURS
    from ensemble_switchover.tracking.wandb_workspace import (
        Contents,
        make_report,
        make_workspace,
        specification,
    )

    contents = Contents("s", ("test",), (), (), ensembles=True)
    classes = {"id1": "single", "id2": "deq", "id3": "None"}
    spec = specification(
        make_workspace(contents, "", "p", classes), make_report(contents, "", "p", classes)
    )
    expected = {"id1": COLOURS["single"], "id2": COLOURS["deq"]}
    assert spec["workspace"]["spec"]["section"]["customRunColors"] == expected
    text = json.dumps(spec["report"])
    assert COLOURS["single"] in text


@pytest.mark.parametrize("study", ["demo", "it's a=b", "a<b", '"', "\\", "~", "50 €", "été"])
def test_the_runs_that_are_shown_are_those_of_the_group_of_the_study(dry_run, tmp_path, study):
    record = make_record(study=study)
    write_record(tmp_path / study / record.name, record)
    specification, _ = dry_run(tmp_path / study)
    group = json.dumps(wandb_group(study))
    for part in ("workspace", "report"):
        filters = json.dumps(specification[part])
        assert f'"value": {group}' in filters or f'"value": [{group}]' in filters


def test_runs_with_a_group_of_their_own_are_shown_too(dry_run, tmp_path):
    for seed, group in enumerate(("mine", None)):
        record = make_record(study="demo", seed=seed)
        record = replace(record, config={**record.config, "logger": {"group": group}})
        write_record(tmp_path / "demo" / record.name, record)
    specification, _ = dry_run(tmp_path / "demo")
    for part in ("workspace", "report"):
        assert '"value": ["demo", "mine"]' in json.dumps(specification[part])
