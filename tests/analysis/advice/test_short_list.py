"""Which designs are as good as the best within a margin, and which of them is the cheapest."""

from __future__ import annotations

import math
from typing import Any

import pytest

from ensemble_switchover.analysis.advice.rule import AdviceAnswer
from ensemble_switchover.analysis.advice.short_list import default_margin
from ensemble_switchover.analysis.advice.wording import describe_advice
from tests.analysis.advice.advice_cases import LIMITS, advise_from, noisy_study
from tests.factories import make_record

SHORTENED = {"name": "Table A, the row of CIFAR-10, scaled from 250 epochs", "epochs": 14}


def short_study(**fields: Any) -> list[Any]:
    """Make runs like those of a first study of one's own photographs: two seeds, few epochs."""
    errors = {
        ("single", 4): 53.4, ("single", 8): 36.0, ("single", 12): 31.2, ("single", 16): 31.9,
        ("deq", 12): 41.5, ("deq", 16): 35.0, ("weq", 8): 34.0, ("weq", 10): 33.1,
        ("weq", 12): 30.7, ("weq", 16): 31.5,
    }  # fmt: skip
    return [
        make_record(
            design_class=name,
            width=width,
            seed=seed,
            test_errors=[80.0, error + spread],
            dataset={"name": "photos", "image_size": 28, "test_size": 2000, "train_size": 3000},
            recipe=SHORTENED,
            **fields,
        )
        for (name, width), error in errors.items()
        for seed, spread in enumerate((-6.1, 6.1))
    ]


def test_a_design_twenty_points_worse_is_none_that_will_do() -> None:
    advice = advise_from(short_study())

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert len(advice.rivals) == 9  # with two seeds nothing is shown to be worse
    assert advice.short_list is not None
    assert advice.short_list.margin == 1.0  # the images' own error is 1.03 points
    listed = [r.error for r in advice.short_list.readings]
    assert sorted(map(round, listed)) == [31, 31, 32]
    told = " ".join(describe_advice(advice))
    assert "53.4" not in told
    assert "error 4" not in told
    assert {round(reading.error, 1) for _, reading in advice.cheapest} <= {30.7, 31.2, 31.5}
    for reading in (advice.best, *(rival.reading for rival in advice.rivals)):
        assert reading is not None
        interval = reading.interval(0.95)
        assert interval is not None
        assert interval.is_borrowed
        assert 0.0 < interval.lower < interval.upper < 100.0
        assert interval.upper - interval.lower < 60.0  # of its own two seeds it is 90


def test_the_answer_names_the_short_list_the_cheapest_first_and_the_shortened_schedule() -> None:
    advice = advise_from(short_study(latencies={128: 0.5}))

    assert advice.recommended is not None
    assert advice.short_list is not None
    sizes = [reading.design.parameters for reading in advice.short_list.readings]
    assert sizes == sorted(sizes)
    first, rest = describe_advice(advice)[0].split(". ", 1)
    assert first.startswith(f"Build {advice.recommended.design.design_class}")
    assert first.endswith(
        "the cheapest by inference time of 3 designs that will do: their mean errors after a "
        "schedule of 14 epochs in place of the recipe's 250 are within 1 percentage point of the "
        "lowest"
    )
    assert rest.startswith("The others, cheapest first: ")
    assert "Which of them is best is undecided." in rest
    assert "7 designs further off are not shown to be worse either." in rest


def test_a_design_that_alone_is_within_the_margin_is_to_be_built_though_undecided() -> None:
    records = [r for r in short_study() if (r.design.design_class, r.budget.width) in
               {("weq", 12), ("single", 8), ("single", 4)}]  # fmt: skip

    advice = advise_from(records)

    assert advice.answer is AdviceAnswer.UNDECIDED
    assert advice.recommended is advice.best
    headline = describe_advice(advice)[0]
    assert "no other design's is within 1 percentage point of it" in headline
    assert "2 other designs are not shown to be worse, though their mean errors are" in headline


def test_a_decided_answer_says_that_the_schedule_was_shortened() -> None:
    records = [
        make_record(width=width, seed=s, test_errors=[e + 0.1 * s], recipe=SHORTENED)
        for width, e in ((8, 20.0), (16, 5.0))
        for s in range(3)
    ]

    both, one = advise_from(records), advise_from(records[:3])

    assert both.answer is one.answer is AdviceAnswer.DECIDED
    clause = "after a schedule of 14 epochs in place of the recipe's 250."
    assert describe_advice(both)[0].endswith(f", the best {clause}")
    assert describe_advice(one)[0].endswith(f", known {clause}")


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("margin", [None, 0.3, 5.0])
@pytest.mark.parametrize("limits", LIMITS, ids=lambda limits: "+".join(limits) or "nothing")
def test_the_list_is_that_of_trying_every_design(
    seed: int, margin: float | None, limits: dict[str, Any]
) -> None:
    advice = advise_from(noisy_study(seed), margin=margin, **limits)

    if advice.best is None:
        assert advice.short_list is None
        return
    lowest = advice.best.error
    width = margin
    if width is None:
        width = min(1.0, max(math.sqrt(lowest * (100.0 - lowest) / 1497), 100.0 / 1497))
    rivals = [rival.reading for rival in advice.rivals]
    expected = {r.design.key for r in [advice.best, *rivals] if r.error <= lowest + width}
    assert advice.short_list is not None
    assert {r.design.key for r in advice.short_list.readings} == expected


@pytest.mark.parametrize(
    ("limits", "order"),
    [
        ({}, ("latency_ms", [12, 8, 16])),
        ({"parameters": 10**6}, ("parameters", [8, 12, 16])),
        ({"hours": 1.0}, ("hours", [16, 12, 8])),
        ({"hours": 1.0, "latency_ms": 9.0}, ("latency_ms", [12, 8, 16])),
        ({"fastest_latency_ms": 9.0}, ("fastest_latency_ms", [16, 8, 12])),
        ({"memory_bytes": 10**12}, ("memory_bytes", [8, 12, 16])),
        ({"epochs": 1}, ("latency_ms", [12, 8, 16])),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_the_cheapest_is_by_what_is_limited_or_by_inference(
    limits: dict[str, Any], order: tuple[str, list[int]]
) -> None:
    records = [
        make_record(
            width=width,
            seed=seed,
            test_errors=[10.0 + seed],
            epoch_seconds=[seconds],
            latencies={128: latency},
            fused_latencies={128: fused},
            peak_rss_bytes=width * 10**8,
        )
        for width, seconds, latency, fused in ((8, 9.0, 2, 1.5), (12, 5, 1.9, 1.8), (16, 2, 5, 1))
        for seed in range(3)
    ]

    listed = advise_from(records, **limits).short_list

    assert listed is not None
    assert (listed.cost, [r.design.width for r in listed.readings]) == order


@pytest.mark.parametrize(
    ("factors", "cost"),
    [((1.0, 1.1, 0.9), "latency_ms"), ((1.0, 2.0, 0.4), "hours")],
    ids=["steady", "noisy"],
)
def test_times_that_vary_too_much_order_nothing(factors: tuple[float, ...], cost: str) -> None:
    records = [
        make_record(width=width, seed=seed, test_errors=[10.0], latencies={128: factor * latency})
        for width, latency in ((8, 2.0), (16, 1.0))
        for seed, factor in enumerate(factors)
    ]

    listed = advise_from(records).short_list

    assert listed is not None
    assert listed.cost == cost


def test_inference_of_other_batch_sizes_orders_nothing() -> None:
    records = [
        make_record(width=width, latencies={size: latency}, epoch_seconds=[seconds, seconds],
                    test_errors=[20.0, 10.0])
        for width, size, latency, seconds in ((8, 1, 1.0, 9.0), (16, 128, 2.0, 3.0))
    ]  # fmt: skip
    untimed = [make_record(width=width, latencies={}) for width in (8, 16)]

    listed, without = (advise_from(runs).short_list for runs in (records, untimed))

    assert listed is not None
    assert without is not None
    assert (listed.cost, [r.design.width for r in listed.readings]) == ("hours", [16, 8])
    assert without.cost == "hours"


@pytest.mark.parametrize(
    ("error", "num_images", "margin"),
    [
        (30.0, 10_000, 0.458), (30.0, 2000, 1.0), (5.0, 750, 0.796), (0.5, 10_000, 0.0705),
        (0.0, 1000, 0.1), (100.0, 1000, 0.1), (0.0, 2, 1.0), (50.0, 1, 1.0), (30.0, 0, 1.0),
    ],
)  # fmt: skip
def test_the_margin_is_the_images_error_between_one_image_and_one_point(
    error: float, num_images: int, margin: float
) -> None:
    assert default_margin(error, num_images) == pytest.approx(margin, rel=2e-3)
