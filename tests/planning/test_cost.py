"""What one run costs."""

import pytest

from ensemble_switchover.config.execution_plan import ExecutionPlan, requested_plan
from ensemble_switchover.planning.cost import (
    batch_size_of,
    count_work,
    design_text,
    predict_cost,
    predict_pass,
)
from ensemble_switchover.planning.data_sheet import data_sheets
from ensemble_switchover.planning.workload import MANY_IMAGES, Pass
from tests.planning.synthetic import make_calibration, observation_of, planted_seconds


def test_steps_and_operations_are_of_all_members_and_epochs(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=3", "epochs=5", "budget.width=16")
    cost = predict_cost(spec, requested_plan(spec), None, "cpu")
    assert cost.steps == 3 * 5 * 3  # 40 images in batches of 16: three steps
    forward = spec.family.flops(spec.design.depth, spec.design.width, spec.task)
    assert cost.training_flops == 3 * 3 * forward * 40 * 5


def test_without_a_basis_there_are_no_seconds(tiny_spec):
    cost = predict_cost(tiny_spec()[0], ExecutionPlan(), None, "cpu")
    assert cost.training_seconds is cost.evaluation_seconds is None
    assert cost.one_image_ms is cost.many_images_ms is None
    assert cost.memory_bytes > 0


def test_seconds_follow_from_the_planted_rates(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=3", "epochs=5", "budget.width=16")
    cost = predict_cost(spec, requested_plan(spec), make_calibration(), "cpu")
    step, one, many = (planted_seconds(spec, timed) for timed in Pass)
    assert cost.training_seconds == pytest.approx(3 * 5 * 3 * step)
    assert cost.evaluation_seconds == pytest.approx(3 * 5 * 60 / MANY_IMAGES * many)
    assert cost.one_image_ms == pytest.approx(3 * 1000 * one)
    assert cost.many_images_ms == pytest.approx(3 * 1000 * many / MANY_IMAGES)


@pytest.mark.parametrize(("evaluate_every", "times"), [("2", 3), ("9", 1), ("milestones", 3)])
def test_evaluation_counts_for_the_evaluated_epochs(evaluate_every, times, tiny_spec):
    asked = ("design=deq", "k=3", "epochs=5", "budget.width=16")
    fewer, _ = tiny_spec(*asked, f"evaluate_every={evaluate_every}")
    cost = predict_cost(fewer, requested_plan(fewer), make_calibration(), "cpu")
    every = predict_cost(tiny_spec(*asked)[0], requested_plan(fewer), make_calibration(), "cpu")
    assert cost.evaluation_seconds == pytest.approx(times / 5 * every.evaluation_seconds)
    assert cost.training_seconds == every.training_seconds


def test_a_design_that_was_timed_is_predicted_by_its_own_timing(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=3", "budget.width=16")
    calibration = make_calibration(
        [*make_calibration().observations, observation_of(spec, Pass.TRAINING, 7)]
    )
    step = predict_pass(spec, requested_plan(spec), Pass.TRAINING, calibration)
    assert step == pytest.approx(7 * planted_seconds(spec, Pass.TRAINING))
    other, _ = tiny_spec("design=deq", "k=3", "budget.width=20")
    assert predict_pass(other, requested_plan(other), Pass.TRAINING, calibration) != pytest.approx(
        7 * planted_seconds(other, Pass.TRAINING), rel=0.1
    )


@pytest.mark.parametrize(
    "overrides",
    [("arch=vgg", "budget.depth=8"), ("recipe.batch_size=8",), ("budget.depth=14",),
     ("budget.width=5",), ("arch.shortcut=projection",), ("dataset=fractals",)],
)  # fmt: skip
def test_another_design_has_another_name(overrides, tiny_spec):
    first, other = tiny_spec()[0], tiny_spec(*overrides)[0]
    assert design_text(first, requested_plan(first), Pass.TRAINING) != design_text(
        other, requested_plan(other), Pass.TRAINING
    )


def test_runs_of_another_seed_class_or_budget_can_have_one_design(tiny_spec):
    texts = {
        design_text(tiny_spec(*overrides)[0], ExecutionPlan(), Pass.TRAINING)
        for overrides in [(), ("seed=4",), ("design=weq", "k=1"), ("dataset.train_size=50",)]
    }
    assert len(texts) == 1


def test_a_pass_is_of_its_batch(tiny_spec):
    spec, _ = tiny_spec()
    assert [batch_size_of(spec, timed) for timed in Pass] == [16, 1, 128]
    one, step = (
        count_work(spec, requested_plan(spec), Pass.ONE),
        count_work(spec, requested_plan(spec), Pass.TRAINING),
    )
    assert step.flops == 16 * one.flops
    assert step.operations == one.operations


def test_a_data_sheet_bounds_the_seconds(tiny_spec):
    spec, _ = tiny_spec("device=auto")
    sheet = data_sheets()["t4"]
    cost = predict_cost(spec, requested_plan(spec), sheet, "cuda")
    work = count_work(spec, requested_plan(spec), Pass.MANY)
    least = max(work.flops / 8.1e12, 4 * work.elements / 320e9)
    assert cost.many_images_ms == pytest.approx(1000 * least / 128)
    assert cost.one_image_ms is None
    assert not cost.extrapolated
