"""The axis of parameter budgets."""

from ensemble_switchover.reporting.figures.budget_axis import readable_ticks, shift_class


def test_budgets_too_close_to_each_other_share_a_label():
    assert readable_ticks([100, 1000, 10_000]) == [0, 1, 2]
    assert readable_ticks([1000, 1001, 1002, 100_000]) == [0, 3]


def test_classes_stand_side_by_side():
    counts = [100_000, 400_000]
    single, deq, weq = (shift_class(counts, name) for name in ("single", "deq", "weq"))
    assert single < deq == 1.0 < weq
