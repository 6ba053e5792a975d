"""How much members disagree for their errors, and what that says of an ensemble of them.

Theisen et al., When are ensembles really effective? (NeurIPS 2023), bound the error of a majority
vote by the mean error L of its members and their disagreement D, which is the chance that two
members, drawn independently and so sometimes the same, give different answers:

    D / L  >=  1 - (error of the vote) / L  >=  2 (K - 1) / K * D / L - (3 K - 4) / K,

the second for K classes and competent members alone. The vote, not the mean of probabilities, is
what they speak of.

Dimensions: k members, N images, C classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class MemberVotes:
    """The members of an ensemble as voters."""

    mean_member_error_percent: float
    disagreement: float
    """Share of images that two different members answer differently, mean over the pairs."""
    vote_error_percent: float
    """Error of the majority vote; of equally many votes the lowest class has it."""
    is_competent: bool
    """Whether the members are competent on these images, as `is_competent_ensemble` has it."""
    improvement_lower: float | None
    """Least improvement rate of the vote over its members if they are competent; None where they
    never err."""
    improvement_upper: float | None
    """Greatest improvement rate of the vote; None where they never err."""


def measure_votes(
    answers: NDArray[np.integer], labels: NDArray[np.integer], num_classes: int
) -> MemberVotes | None:
    """Compare the answers of members with each other and with the labels.

    Args:
        answers: (k, N) each member's classes.
        labels: (N,) classes.
        num_classes: C; K above.

    Returns:
        None for a single network.
    """
    k, num_images = answers.shape
    if k < 2:
        return None
    share_wrong = (answers != labels).mean(axis=0)
    mean_error = float(share_wrong.mean())
    same_pairs = int((count_agreeing(answers) - 1).sum())
    disagreement = 1.0 - same_pairs / (k * (k - 1) * num_images)
    with_itself = disagreement * (k - 1) / k
    lower = upper = None
    if mean_error > 0:
        upper = with_itself / mean_error
        factor, offset = 2 * (num_classes - 1) / num_classes, (3 * num_classes - 4) / num_classes
        lower = factor * upper - offset
    return MemberVotes(
        mean_member_error_percent=100.0 * mean_error,
        disagreement=disagreement,
        vote_error_percent=100.0 * float((majority(answers) != labels).mean()),
        is_competent=is_competent_ensemble(answers, labels),
        improvement_lower=lower,
        improvement_upper=upper,
    )


def count_agreeing(answers: NDArray[np.integer]) -> NDArray[np.int64]:
    """Count for each member's answer (k, N) how many members give it, itself among them.

    >>> count_agreeing(np.array([[0, 1], [0, 2], [3, 2]])).tolist()
    [[2, 1], [2, 2], [1, 2]]
    """
    return np.stack([(answers == own).sum(axis=0) for own in answers])


def majority(answers: NDArray[np.integer]) -> NDArray[np.integer]:
    """Return the class (N,) that most members (k, N) answer; of equally many the lowest."""
    agreeing = count_agreeing(answers)
    is_winner = agreeing == agreeing.max(axis=0)
    winner: NDArray[np.integer] = np.where(is_winner, answers, answers.max()).min(axis=0)
    return winner


def is_competent_ensemble(answers: NDArray[np.integer], labels: NDArray[np.integer]) -> bool:
    """Return whether members err together no more often than competence allows, on these images.

    With W the share of members that err on an image: P(t <= W < 1/2) >= P(1/2 <= W <= 1 - t) for
    every t from 0 to 1/2 (Theisen et al. 2023). An even number of members is competent
    only where no image has exactly half of them wrong.

    Args:
        answers: (k, N) each member's classes.
        labels: (N,) classes.

    >>> is_competent_ensemble(np.array([[0, 0], [0, 1], [0, 1]]), np.array([0, 0]))
    False
    """
    k = len(answers)
    by_number = np.bincount((answers != labels).sum(axis=0), minlength=k + 1)
    numbers = np.arange(k + 1)
    for least in range(k // 2 + 1):  # t = least / k
        fewer = by_number[(numbers >= least) & (2 * numbers < k)].sum()
        more = by_number[(2 * numbers >= k) & (numbers <= k - least)].sum()
        if fewer < more:
            return False
    return True
