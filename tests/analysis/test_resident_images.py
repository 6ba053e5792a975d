"""The images on a device, by the record, against what the program puts there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import torch

from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.analysis.resident_images import peak_beside_images, resident_image_bytes
from ensemble_switchover.config.execution_plan import ExecutionPlan
from ensemble_switchover.reporting.summary_tables import show_summary
from ensemble_switchover.results.from_run_spec import dataset_record
from ensemble_switchover.results.summary import summarise_epochs
from ensemble_switchover.training.assemble import assemble, load_images
from ensemble_switchover.training.precision import FLOAT32
from tests.factories import make_record

if TYPE_CHECKING:
    from collections.abc import Callable

    from ensemble_switchover.results.record import Record

MEBIBYTE = 1024**2


def told(record: Record) -> tuple[int | None, int | None]:
    """Return the bytes of the images, and the peak without them."""
    summary = summarise_epochs(record.epochs)
    return resident_image_bytes(record, summary), peak_beside_images(record, summary)


@pytest.mark.parametrize(
    "overrides",
    [
        ("dataset.train_size=300", "dataset.test_size=700"),
        ("dataset.train_size=300", "dataset.validation_size=60"),
        ("dataset.train_size=300", "dataset.validation_size=60", "dataset.evaluate_on=test"),
        (
            *("dataset=fractals", "dataset.train_images=50", "dataset.test_images=20"),
            *("dataset.num_classes=5", "dataset.train_size=40", "dataset.test_size=20"),
        ),
    ],
    ids=["test", "validation", "held out", "colour"],
)
def test_the_bytes_are_those_of_the_tensors_that_are_moved_to_the_device(
    overrides: tuple[str, ...], tiny_spec: Callable[..., Any], tmp_path: Any
) -> None:
    small = ("budget.depth=8", "budget.width=4", f"dataset.cache={tmp_path}")
    spec, _ = tiny_spec(*small, *overrides)
    split = load_images(spec)
    _, images = assemble(spec, ExecutionPlan(), split, FLOAT32)
    moved = [part.to(torch.device("meta")) for part in (images.split.train, images.split.test)]
    kept = sum(tensor.nbytes for part in moved for tensor in (part.images, part.labels))
    used = dataset_record(spec, len(split.train), len(split.test), ())
    assert (used.train_size, len(split.test)) == (spec.sizes.train, spec.sizes.evaluated)

    record = replace(make_record(peak_device_bytes=50 * MEBIBYTE), dataset=used)

    assert told(record) == (kept, 50 * MEBIBYTE - kept)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device to put images on")
def test_the_allocator_hands_out_as_much(tiny_spec: Callable[..., Any]) -> None:
    spec, _ = tiny_spec("dataset.train_size=300", "dataset.test_size=700")
    split = load_images(spec)
    device = torch.device("cuda", 0)
    before = torch.cuda.memory_allocated(device)
    kept = [part.to(device) for part in (split.train, split.test)]
    record = replace(
        make_record(peak_device_bytes=50 * MEBIBYTE), dataset=dataset_record(spec, 300, 700, ())
    )
    images, _ = told(record)
    assert images is not None
    # of each of the four tensors the allocator rounds the bytes up to 512
    assert 0 <= torch.cuda.memory_allocated(device) - before - images < 512 * 2 * len(kept)


def test_images_on_the_host_are_none_of_the_peak() -> None:
    record = make_record(peak_device_bytes=MEBIBYTE, environment={"residence": "host"})

    assert told(record) == (0, MEBIBYTE)


def test_the_memory_of_a_process_has_no_such_figure() -> None:
    assert told(make_record()) == (None, None)


def test_a_peak_below_the_images_is_not_split() -> None:
    images, beside = told(make_record(peak_device_bytes=1000))

    assert images == 1797 * (64 + 8)
    assert beside is None


def test_tables_of_runs_and_designs_have_both() -> None:
    records = [
        make_record(seed=0, peak_device_bytes=MEBIBYTE),
        make_record(seed=1, peak_device_bytes=2 * MEBIBYTE),
    ]
    runs = tabulate_runs(records)
    (row,) = summarise_runs(runs).to_dicts()

    images = 1797 * (64 + 8)
    beside = "peak_device_beside_images_bytes"
    assert runs["resident_image_bytes"].to_list() == [images] * 2
    assert runs[beside].to_list() == [MEBIBYTE - images, 2 * MEBIBYTE - images]
    assert (row["resident_image_bytes"], row[beside]) == (images, 2 * MEBIBYTE - images)
    (on_cpu,) = summarise_runs(tabulate_runs([make_record()])).to_dicts()
    assert (on_cpu["resident_image_bytes"], on_cpu[beside]) == (None, None)


def test_the_shown_table_has_both_where_images_lie_on_a_device() -> None:
    def shown(**overrides: Any) -> dict[str, str]:
        summary = summarise_runs(tabulate_runs([make_record(**overrides)]))
        table = show_summary(summary, "test error")
        return dict(zip(table.headers, table.rows[0], strict=True))

    colour = {"train_size": 50_000, "test_size": 10_000, "channels": 3, "image_size": 32}
    row = shown(peak_device_bytes=500 * MEBIBYTE, dataset=colour)

    assert row["Peak device memory, MiB"] == "500"
    assert row["Peak device memory without images, MiB"] == "324"  # 60,000 of 3,080 bytes
    on_host = shown(peak_device_bytes=500 * MEBIBYTE, environment={"residence": "host"})
    for other in (on_host, shown()):
        assert "Peak device memory without images, MiB" not in other
