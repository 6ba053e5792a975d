"""Purchases in words."""

from ensemble_switchover.analysis.purchase_wording import describe_purchase, describe_standing
from tests.analysis.test_study_purchases import plan, records, singles


def texts(found):
    return [describe_purchase(found, purchase, None).text for purchase in found.purchases]


def test_more_seeds_of_a_single_network_name_every_class_and_k_that_they_decide():
    undecided = {8: 3.0, 12: -0.6, 16: -3.0}
    ensembles = [
        *records(undecided, k=2, scale=0.5),
        *records(undecided, k=4, scale=0.5),
        *records(undecided, k=4, scale=0.5, design_class="weq"),
    ]
    found = plan([*singles((8, 12, 16), scale=3.0), *ensembles])
    text = texts(found)[0]
    assert (
        "more seeds of the single network 26x12: decides deq at k = 2, 4 and weq at k = 4" in text
    )
    assert " %, in about " in text
    assert text.endswith(" on Example CPU (cpu)")


def test_more_seeds_of_an_ensemble_name_it():
    undecided = {8: 3.0, 12: -0.9, 16: -3.0}
    found = plan([*singles((8, 12, 16), scale=0.2), *records(undecided, scale=3.0)])
    assert "more seeds of deq with k = 4 at 26x12: decides deq at k = 4" in texts(found)[0]


def test_a_smaller_budget_bounds_from_below():
    found = plan([*singles((8, 12)), *records({8: -1.5, 12: -3.0})])
    text = texts(found)[0]
    assert "seeds each of the single network and deq with k = 4 at 26x5, a new budget of" in text
    assert ": bounds deq at k = 4 from below with a probability of" in text


def test_the_setting_is_named_where_there_are_several():
    other = {"recipe": {"batch_size": 32}}
    undecided = {8: 3.0, 12: -0.5}
    found = plan(
        [
            *singles((8, 12)),
            *records(undecided),
            *singles((8, 12), **other),
            *records(undecided, **other),
        ]
    )
    assert all(text.startswith("resnet on digits (recipe batch_size ") for text in texts(found))


def test_where_all_is_settled_it_says_so():
    found = plan([*singles((8, 12)), *records({8: 3.0, 12: -3.0})])
    assert describe_standing(found) == [
        "Every switchover that was asked for is settled: no further runs are needed."
    ]


def test_what_no_purchase_is_likely_to_decide_is_told():
    found = plan([*singles((8,), repeats=10), *records({8: 0.0}, repeats=10)])
    assert found.purchases == ()
    assert describe_standing(found)[0].startswith(
        "1 budget keeps a switchover open, and no purchase is likely to decide it"
    )


def test_a_smallest_budget_that_cannot_be_lowered_is_told():
    widths = {1: -3.0, 2: -3.0}
    found = plan(
        [
            *singles(widths, depth=28, family="wide_resnet"),
            *records(widths, design_class="weq", depth=28, family="wide_resnet"),
        ]
    )
    assert describe_standing(found)[-1] == (
        "weq of wide_resnet on digits, k = 4: no smaller budget has such a design, so its range is "
        "not bounded from below."
    )
