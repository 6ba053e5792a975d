"""The benchmark of the margin within which the cheapest design is built."""

from __future__ import annotations

import pytest

from benchmarks import short_list


@pytest.mark.parametrize("situation", short_list.SITUATIONS, ids=str)
def test_the_default_margin_costs_little_accuracy_and_never_more_than_wider_ones(
    situation: short_list.Situation,
) -> None:
    built = short_list.simulate(situation, 200)

    none, default = built["none"], built["**default**"]
    assert none.cost_ratio == 1.0
    assert default.cost_ratio < 1.0
    assert default.loss - none.loss < min(0.35, 0.1 * situation.lowest)
    assert all(default.loss <= other.loss + 1e-9 for n, other in built.items() if n != "none")


def test_a_margin_of_a_whole_point_is_too_wide_for_small_errors() -> None:
    built = short_list.simulate(short_list.SITUATIONS[-1], 200)
    assert built["1 point"].loss > short_list.SITUATIONS[-1].lowest


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert short_list.main(["--simulations", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(short_list.SITUATIONS)
    assert all(line.count("|") == 2 + len(short_list.MARGINS) for line in lines)
