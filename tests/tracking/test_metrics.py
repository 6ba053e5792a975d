import re
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import plain
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord, LatencyQuantiles
from ensemble_switchover.results.run_columns import COLUMNS
from ensemble_switchover.tracking.metrics import (
    describe_metrics,
    epoch_metrics,
    logged_config,
    run_facts,
    summary_metrics,
)
from tests.factories import make_record, of_timing_pass


def test_what_was_measured_on_is_in_the_name():
    (epoch,) = make_record(test_errors=[12.5]).epochs
    assert epoch_metrics(epoch, "test")["test/error_percent"] == 12.5
    on_validation = epoch_metrics(epoch, "validation")
    assert on_validation["validation/error_percent"] == 12.5
    assert not [name for name in on_validation if name.startswith("test/")]


def test_what_a_run_does_not_have_is_left_out():
    single = make_record(design_class="single")
    assert "test/disagreement" not in epoch_metrics(single.epochs[0], "test")
    assert "summary/peak_device_bytes" not in summary_metrics(single)
    assert "summary/epoch_seconds" not in summary_metrics(make_record(test_errors=[1.0]))


def test_an_epoch_without_evaluation_has_training_alone():
    record = make_record(design_class="deq", evaluate_every="2", test_errors=[30.0, 20.0, 25.0])
    named = epoch_metrics(record.epochs[0], "test")
    assert not [name for name in named if name.startswith("test/")]
    assert named["train/training_seconds"] == 5.0
    assert {name for name in named if name.startswith("member_")} == {
        f"member_{member}/training_seconds" for member in range(4)
    }
    assert summary_metrics(record)["summary/lowest_error_percent"] == 20.0


def test_an_epoch_of_several_seeds_has_no_seconds_and_no_memory_of_its_own():
    record = make_record(design_class="deq", peak_device_bytes=10**6)
    apart, together = record.epochs[1], replace(record.epochs[1], together=True)

    left_out = epoch_metrics(apart, "test").keys() - epoch_metrics(together, "test").keys()

    assert left_out == {
        *("train/training_seconds", "train/compile_seconds", "train/waiting_share"),
        *("test/evaluation_seconds", "memory/peak_device_bytes", "memory/peak_reserved_bytes"),
        "memory/peak_rss_bytes",
        *(f"member_{member}/training_seconds" for member in range(4)),
    }
    assert summary_metrics(of_timing_pass(record))["summary/epoch_seconds"] == 5.0


def test_every_member_has_its_own():
    record = make_record(design_class="deq", k=4)
    named = epoch_metrics(record.epochs[0], "test")
    assert {name for name in named if name.startswith("member_")} == {
        f"member_{member}/{what}"
        for member in range(4)
        for what in ("error_percent", "training_seconds")
    }


def test_the_summary():
    record = make_record(
        test_errors=[40.0, 10.0, 20.0],
        epoch_seconds=[9.0, 1.0, 3.0],
        peak_device_bytes=7,
        latencies={32: 0.5},
    )
    summary = summary_metrics(record)
    assert summary["summary/error_percent"] == 20.0
    assert summary["summary/lowest_error_percent"] == 10.0
    assert summary["summary/epoch_seconds"] == 2.0
    assert summary["summary/training_seconds"] == 13.0
    assert summary["summary/peak_device_bytes"] == 7.0
    assert summary["latency/batch_32_median_ms_per_image"] == 0.5
    assert summary["summary/budget_fill"] == pytest.approx(1.0)


def test_a_cascade_has_its_own_latencies():
    timed = LatencyQuantiles.of_batches([0.1, 0.2, 0.6], 10)
    measured = CascadeLatencyRecord(
        rule="confidence",
        threshold=0.9,
        batch_size=10,
        repeats=3,
        num_images=30,
        mean_members=1.5,
        cascade=timed,
        whole=LatencyQuantiles.of_batches([0.9], 10),
        single=None,
    )
    record = replace(make_record(design_class="deq", k=4), cascade_latencies=[measured])
    summary = summary_metrics(record)
    assert summary["latency/batch_10_cascade_mean_members"] == 1.5
    assert summary["latency/batch_10_cascade_mean_ms_per_image"] == pytest.approx(30)
    assert summary["latency/batch_10_cascade_median_ms_per_image"] == pytest.approx(20)
    assert summary["latency/batch_10_cascade_p90_ms_per_image"] == pytest.approx(52)
    assert summary["latency/batch_10_cascade_p99_ms_per_image"] == pytest.approx(59.2)


def test_the_docs_list_every_metric_with_its_unit():
    page = (Path(__file__).parents[2] / "docs" / "wandb.md").read_text()
    rows = re.findall(r"^\| `(\S+)` \| (.*) \| (.+) \|$", page, flags=re.MULTILINE)
    assert sorted(rows) == sorted(describe_metrics())


def test_the_facts_of_a_run_are_columns_under_their_names(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "execution=auto")
    facts = run_facts(spec, ExecutionPlan("fused"), {"device": "cpu", "versions": {}})
    assert facts.keys() - COLUMNS.keys() == {"design_label", "replicate_fingerprint"}
    assert (facts["design_class"], facts["device"]) == ("deq", "cpu")
    assert (facts["execution_requested"], facts["execution"]) == ("auto", "fused")


def test_one_label_is_of_runs_that_differ_in_their_seed_alone(tiny_spec):
    def label(*overrides):
        spec, _ = tiny_spec("design=deq", "k=2", *overrides)
        return run_facts(spec, ExecutionPlan("sequential"), {})["design_label"]

    of_one = label()
    assert label("seed=7") == of_one
    others = ["dataset.train_size=50", "dataset.image_size=4", "recipe.batch_size=8", "k=3"]
    assert len({of_one, *map(label, others)}) == 1 + len(others)
    assert re.match(r"resnet on digits at 4x4 pixels, [\d,]+ images: deq k=2 ", label(others[1]))


def test_the_logged_configuration_has_what_came_out(compose_config, tmp_path):
    for kind in ("ant", "bee", "fly"):
        for number in range(4):
            path = tmp_path / "own" / kind / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (8, 8), (60 * number, 0, 0)).save(path)
    config = compose_config(
        "design=single", "k=4", "dataset=folder", f"dataset.root={tmp_path / 'own'}",
        f"dataset.cache={tmp_path / 'cache'}", "dataset.image_size=8", "budget.depth=8",
        "recipe.batch_size=4",
    )  # fmt: skip
    logged = logged_config(config, resolve(config))
    assert logged["k"] == 1
    assert logged["dataset"]["num_classes"] == 3
    assert logged["dataset"]["train_images"] + logged["dataset"]["test_images"] == 12
    unchanged = plain(config)
    assert {key for key in logged if logged[key] != unchanged[key]} == {"k", "dataset"}
