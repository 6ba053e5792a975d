"""Parts of a record that follow from the resolved run."""

from ensemble_switchover.results.from_run_spec import budget_record, dataset_record, design_record


def test_the_design_and_its_budget_are_those_solved(tiny_spec):
    spec, _ = tiny_spec("design=deq", "k=2", "budget.depth=14", "budget.width=8")
    design, budget = design_record(spec), budget_record(spec)
    assert (design.design_class, design.k, design.family) == ("deq", 2, "resnet")
    assert design.parameters == 2 * design.member_parameters <= budget.parameters
    assert (budget.depth, budget.width) == (14, 8)


def test_images_measured_on_are_counted_as_what_they_are(tiny_spec):
    spec, _ = tiny_spec("dataset.validation_size=10")
    record = dataset_record(spec, 30, 10, ("left out",))
    assert (record.evaluated_on, record.test_size, record.train_size) == ("validation", 0, 30)
    assert record.remarks == ["left out"]
