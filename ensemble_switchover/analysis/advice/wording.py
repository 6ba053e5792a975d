"""The advice in English sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ensemble_switchover.analysis.advice.headline import MAX_NAMED, describe_reading, headline
from ensemble_switchover.analysis.advice.limits import amount_used
from ensemble_switchover.analysis.advice.written_amounts import (
    LIMIT_NAMES,
    write_amount,
)
from ensemble_switchover.analysis.class_terms import spell_out_classes
from ensemble_switchover.analysis.collapse_counts import describe_collapses
from ensemble_switchover.analysis.condition_group import name_first_few
from ensemble_switchover.analysis.decision_rule import (
    INTERVAL_NAMES,
    MIN_SEEDS,
    describe_interval_scope,
)
from ensemble_switchover.analysis.design_table import PROCESS_MEMORY
from ensemble_switchover.analysis.shown_interval import show_interval
from ensemble_switchover.analysis.statistics import write_interval
from ensemble_switchover.machine.terminal import count, digits
from ensemble_switchover.results.quality_metrics import PERCENT

if TYPE_CHECKING:
    from ensemble_switchover.analysis.advice.image_rivals import ImageRivals
    from ensemble_switchover.analysis.advice.limits import Reading
    from ensemble_switchover.analysis.advice.rule import Advice, Rival
    from ensemble_switchover.analysis.decision_rule import DecisionRule

SPREAD_BESIDE = "pooled with that of the budgets beside it"
"""Where the spread of few seeds is from."""
LATENCY_EXECUTION = "with the members run one after another unless the fastest execution is named"
"""How inference was timed."""


def describe_advice(
    advice: Advice, other: Advice | None = None, over_images: ImageRivals | None = None
) -> tuple[str, ...]:
    """Return the advice in sentences, or the reasons why there is none; the answer comes first.

    The sentences hold names of settings and devices as they stand in the records.

    Args:
        advice: The advice.
        other: The advice with the collapsed runs in where `advice` is without them, or the other
            way round; without it, the sentences say nothing of it.
        over_images: The rivals with the sampling of the test images in, where it is known.
    """
    sentences = (
        headline(advice),
        *([] if advice.best is None else _evidence(advice)),
        *_describe_other_times(advice),
        *([] if over_images is None else [_describe_image_rivals(advice, over_images)]),
        *describe_collapse(advice, other),
        *([] if advice.best is None else _remarks(advice)),
    )
    return tuple(spell_out_classes(sentences))


def _describe_image_rivals(advice: Advice, over_images: ImageRivals) -> str:
    number = len(over_images.rivals)
    measured = advice.others[0].reading.design.evaluated_on
    told = f"With the sampling of the {over_images.num_images:,} {measured} images in, "
    if number == len(advice.rivals):
        return f"{told}the answer is the same."
    designs = f"{count(number, 'other design')} {'is' if number == 1 else 'are'}"
    return f"{told}it is undecided: {designs} not shown to be worse."


def _describe_other_times(advice: Advice) -> list[str]:
    """Say how many designs have times on the device that do not compare with the others'."""
    number = advice.num_other_times
    if not number:
        return []
    have, they = ("has", "it meets") if number == 1 else ("have", "they meet")
    return [
        f"{count(number, 'design')} {have} times on this device that do not compare with the "
        f"others' (of runs themselves, or of timing passes); {they} no limit on time or memory."
    ]


def describe_collapse(advice: Advice, other: Advice | None = None) -> list[str]:
    """Name and count the collapsed runs, and state the answer of the other treatment of them.

    Args:
        advice: The advice.
        other: The advice with the collapsed runs in where `advice` is without them, or the other
            way round.
    """
    if not advice.collapsed:
        return []
    names = [record.name for record in advice.collapsed]
    kept = advice.rule.keep_collapsed
    are = "is" if len(names) == 1 else "are"
    metric = advice.rule.quality
    where = f"{are} left out of {metric.plural}"
    if kept:
        where = f"{are} counted in every {metric.noun}"
    sentences = [f"{count(len(names), 'run')} collapsed and {where}: {name_first_few(names)}."]
    counts = describe_collapses(advice.collapse_counts, advice.rule.confidence)
    if counts:
        sentences.append(f"{counts}.")
    if other is not None:
        answer, there = (
            headline(other),
            "Without collapsed runs" if kept else "With collapsed runs in",
        )
        same = answer == headline(advice)
        sentences.append(f"{there}, the answer is the same." if same else f"{there}: {answer}")
    return sentences


def _evidence(advice: Advice) -> list[str]:
    assert advice.best is not None
    assert advice.recommended is not None
    sentences = [
        f"Based on {count(advice.recommended.design.num_runs, 'run')} of this design "
        f"({count(advice.recommended.num_seeds, 'seed')}). Designs considered: "
        f"{advice.num_designs} ({count(advice.num_runs, 'run')}); within the limits: "
        f"{advice.num_feasible}.",
        describe_error(advice.recommended, advice.rule.confidence),
        *describe_cascade(advice.recommended),
        *_describe_margin(advice),
    ]
    if advice.runner_up is None:
        sentences.append("No other design meets the limits, so there is no comparison.")
    elif advice.recommended is advice.best:
        sentences.append(f"Runner-up: {_describe_rival(advice.runner_up, advice.rule)}.")
    else:
        (chosen,) = (r for r in advice.rivals if r.reading is advice.recommended)
        metric = advice.rule.quality
        sentences.append(
            f"The {metric.best_end} mean {metric.noun}, {metric.write(advice.best.loss)}, is that "
            f"of {describe_reading(advice.best)}. To build is "
            f"{_describe_rival(chosen, advice.rule)}."
        )
    scope = describe_interval_scope({advice.best.design.evaluated_on})
    return [*sentences, *_lacking_seeds(advice), scope]


def describe_error(reading: Reading, confidence: float) -> str:
    """Say the mean error of a design, or of what is compared, with its interval.

    It says where the spread of few seeds is from.
    """
    metric = reading.design.metric
    text = f"Its mean {reading.design.compared} is {metric.write(reading.loss)}"
    interval = reading.interval(confidence)
    if interval is None:
        lone = "it has one seed, and none of the budgets beside it has more"
        return (
            f"{text}, without an interval: {lone if reading.num_seeds == 1 else 'no seed varies'}."
        )
    bounds = f"{metric.write_bounds(interval.lower, interval.upper)} {metric.unit.symbol}"
    pooled = ""
    if interval.is_borrowed:
        seeds = count(reading.num_seeds, "seed")
        pooled = f"; {seeds} of its own say too little of the spread, which is {SPREAD_BESIDE}"
    return f"{text} ({100.0 * confidence:g} % t interval {bounds}{pooled})."


def describe_cascade(reading: Reading) -> list[str]:
    """Say what a cascade is, what its error is of, and how many members it asks."""
    design, cascade = reading.design, reading.design.cascade
    if cascade is None:
        return []
    score = {
        "confidence": "the largest of their mean probabilities",
        "margin": "the margin of their largest mean probability to the second",
    }[cascade.rule]
    images = "on held-out validation images"
    if "folds" in cascade.chosen_on:
        images = f"on other folds of the {design.evaluated_on} images than those it is read on"
    return [
        f"A cascade asks its members in turn until {score} reaches a threshold, which was chosen "
        f"{images}; its error is that of the cascade. It asks {cascade.mean_members:.2f} of "
        f"{design.k} members on average, and {cascade.members_p99} are enough for 99 % of the "
        f"images. The error of all {design.k} together is {cascade.whole_error_percent:.2f} %."
    ]


def describe_without(number: int) -> list[str]:
    """Say how many ensembles have no cascade, where some have none."""
    if not number:
        return []
    have = "1 ensemble has" if number == 1 else f"{number} ensembles have"
    return [
        f"{have} no cascade, since no run kept predictions after the last epoch "
        "(record.predictions=final keeps them)."
    ]


def _describe_margin(advice: Advice) -> list[str]:
    """Say where the margin is from, where it counts."""
    listed, best = advice.short_list, advice.best
    if listed is None or best is None or not advice.rivals or listed.is_given:
        return []
    images = f"{best.design.num_images:,} {best.design.evaluated_on} images"
    metric = advice.rule.quality
    most = metric.write_margin(metric.unit.largest_margin)
    how = f"at this {metric.noun}, at least one image and at most {most}"
    if metric.unit != PERCENT:
        why = "no predictions were kept"
        if best.design.cascade is not None:
            why = "that of a cascade is not known"
        spread = f"is taken to be their mean, since {why}"
        if listed.loss_spread is not None:
            spread = f"is {digits(listed.loss_spread, 2)} times their mean in kept predictions"
        how = f"(the standard deviation of their losses {spread}), at most {most}"
    return [
        f"The margin of {metric.write_margin(listed.margin)} is the standard error of {images} "
        f"{how}; --margin sets another."
    ]


def _describe_rival(rival: Rival, rule: DecisionRule) -> str:
    name, metric = describe_reading(rival.reading), rule.quality
    if rival.difference is None:
        return (
            f"{name}; it shares no seed with the best design, so their {metric.plural} cannot be "
            "paired"
        )
    interval, form = "no interval", f"+.{metric.unit.decimals}f"
    if rival.interval is not None:
        interval = write_interval(
            show_interval(rival.interval, metric), form, INTERVAL_NAMES[rule.method]
        )
    elif min(rival.num_rival_seeds, rival.num_best_seeds) >= MIN_SEEDS:
        interval = f"no interval, since {rule.why_no_interval}"
    seeds = f"{rival.num_rival_seeds} against {count(rival.num_best_seeds, 'seed')}"
    if rule.method == "paired_t":
        seeds = count(rival.num_rival_seeds, "paired seed")
    difference = f"{metric.shown_difference(rival.difference):{form}}"
    points = f"{difference} {metric.unit.of_difference}, {interval}"
    return f"{name}; its {metric.noun} minus the best design's is {points} ({seeds})"


def _lacking_seeds(advice: Advice) -> list[str]:
    """Name the designs about which too few seeds decide nothing."""
    assert advice.best is not None
    needed = f"; {MIN_SEEDS} are needed to decide"
    if advice.rivals and advice.best.num_seeds < MIN_SEEDS:
        return [f"The best design has {count(advice.best.num_seeds, 'seed')}{needed}."]
    few = [rival for rival in advice.rivals if rival.num_rival_seeds < MIN_SEEDS]
    paired = " in common with the best design" if advice.rule.method == "paired_t" else ""
    named = [
        f"{describe_reading(r.reading)}, has {count(r.num_rival_seeds, 'seed')}{paired}"
        for r in few[:MAX_NAMED]
    ]
    if len(few) > MAX_NAMED:
        named.append(f"{len(few) - MAX_NAMED} more rivals have fewer than {MIN_SEEDS}{paired}")
    return [f"{'; '.join(named)}{needed}."] if named else []


def _remarks(advice: Advice) -> list[str]:
    assert advice.recommended is not None
    return [
        *_cheapest_designs(advice, advice.recommended),
        *_caveats(advice, advice.recommended),
        *_measuring_conditions(advice, advice.recommended),
    ]


def _cheapest_designs(advice: Advice, recommended: Reading) -> list[str]:
    wanted = advice.limits.accuracy_percent
    acceptable = "within the margin" if wanted is None else f"of {wanted:g} % accuracy and more"
    sentences, metric = [], advice.rule.quality
    for name, reading in advice.cheapest:
        value = amount_used(reading, name)
        is_listed = name == "fastest_latency_ms" and value == amount_used(reading, "latency_ms")
        if reading is not recommended and value is not None and not is_listed:
            sentences.append(
                f"Lowest {LIMIT_NAMES[name]} of the designs {acceptable}: "
                f"{describe_reading(reading)}, {write_amount(name, value)}, {metric.noun} "
                f"{metric.write(reading.loss)}."
            )
    return sentences


def _caveats(advice: Advice, chosen: Reading) -> list[str]:
    sentences, noun = [], advice.rule.quality.noun
    last = chosen.design.epochs[-1]
    if chosen.epoch < last:
        sentences.append(
            f"The {noun} is that after epoch {chosen.epoch} of {last}. The learning rate follows "
            f"the schedule of the whole run; a run with epochs={chosen.epoch} follows another "
            "schedule."
        )
    wanted = advice.limits.accuracy_percent
    interval = chosen.interval_of_error(advice.rule.confidence)
    if wanted is not None and (
        interval is None or interval.is_borrowed or interval.upper > 100.0 - wanted
    ):
        sentences.append(
            f"The mean reaches {wanted:g} % accuracy, but the interval over the seeds does not "
            "confirm it."
        )
    if advice.at_edge:
        sentences.append(
            f"The design with the {advice.rule.quality.best_end} mean {noun} has the largest "
            "measured budget; larger ones may or may not be better."
        )
    return sentences


def _cascade_time(advice: Advice, chosen: Reading) -> list[str]:
    """Say where the time of a cascade is from, and that of 99 % of the images."""
    cost, sentences = chosen.candidate.cost, []
    if cost is None or cost.latency_ms is None:
        return []
    if chosen.design.cascade is not None:
        how = "that of all its members by the share of them that it asks"
        if cost.is_cascade_measured:
            how = "measured on real images"
        sentences.append(f"The time of the cascade is {how}.")
    if "latency_p99_ms" in advice.limits.given and cost.seconds is not None:
        sentences.append(
            "The time of 99 % of the images is that of the members that they ask, without what "
            "else delays a call."
        )
    return sentences


def _measuring_conditions(advice: Advice, chosen: Reading) -> list[str]:
    cost = chosen.candidate.cost
    sentences = ["Its time and memory were not measured on this device."]
    if chosen.candidate.has_other_times:
        sentences = ["Its times do not compare with those of the other designs."]
    if cost is not None:
        sentences = [
            f"Times were measured on {cost.condition}.",
            *(["Training was not timed there."] if cost.seconds is None else []),
            *_cascade_time(advice, chosen),
        ]
    sizes = ", ".join(map(str, advice.latency_batch_sizes))
    if len(advice.latency_batch_sizes) == 1:
        sentences.append(f"Inference times are for batch size {sizes}, {LATENCY_EXECUTION}.")
    elif sizes:
        sentences.append(
            f"Inference times are for different batch sizes ({sizes}) and cannot be compared; they "
            f"were measured {LATENCY_EXECUTION}."
        )
    if cost is not None and cost.memory_kind == PROCESS_MEMORY:
        sentences.append(
            "Memory is that of the whole process, including the interpreter and libraries."
        )
    return sentences
