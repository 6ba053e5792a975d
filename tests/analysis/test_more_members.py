"""Whether more members would help: the bound against votes of very many members."""

import numpy as np
import pytest

from ensemble_switchover.analysis.more_members import least_vote_error, would_more_members_help


@pytest.mark.parametrize("seed", range(6))
def test_no_vote_of_very_many_members_errs_less(seed):
    """Images of which each has its own chance of every answer, and votes of infinitely many."""
    generator = np.random.default_rng(seed)
    concentration = 0.05 + 0.2 * seed
    chances = generator.dirichlet(np.full(4, concentration), 300)
    chances[:, 0] += 1.0
    chances /= chances.sum(axis=1, keepdims=True)  # class 0 is right
    mean_error = 100 * (1 - chances[:, 0]).mean()
    disagreement = 1 - np.square(chances).sum(axis=1).mean()
    vote_error = 100 * (chances.argmax(axis=1) != 0).mean()
    least = least_vote_error(mean_error, disagreement / (mean_error / 100))
    assert least <= vote_error + 1e-9


@pytest.mark.parametrize(
    ("figures", "begins", "says"),
    [
        ((7.0, 15.0, 1.4, 1500), "not excluded: ", "1.40 times as often as they err"),
        ((9.0, 10.0, 0.5, 10_000), "by 4.00 points at most: ", "less than 5.00 %"),
        ((5.1, 10.0, 0.5, 10_000), "hardly: ", "within the standard error of 10,000 images (0.22)"),
        ((4.0, 10.0, 0.5, 10_000), "hardly: ", "these have 4.00 % already"),
        ((0.0, 10.0, 0.0, 100), "hardly: ", "these have 0.00 % already"),
    ],
)
def test_it_is_said_what_the_bound_excludes(figures, begins, says):
    told = would_more_members_help(*figures)
    assert told.startswith(begins)
    assert says in told
