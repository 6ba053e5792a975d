"""Would more members help? What the answers of an ensemble's members tell of that, and what not."""

from __future__ import annotations

import math

CAVEAT = (
    "More members: the bound is of a majority vote of any number of members that err and disagree "
    "like these, on these images (Theisen et al. 2023, without assumptions); the ensembles here "
    "average probabilities, which usually errs less than a vote and may err less than the bound. "
    "It says what more members cannot gain, and never how much they will."
)
"""What every sentence of `would_more_members_help` leaves unsaid."""


def least_vote_error(mean_member_error_percent: float, disagreement_error_ratio: float) -> float:
    """Return an error in percent below which no vote of such members comes, however many.

    The improvement rate of a majority vote is at most the disagreement-error ratio of two members
    drawn independently (Theisen et al. 2023); of very many members these two are
    different ones.

    >>> least_vote_error(10.0, 0.75), least_vote_error(10.0, 1.5)
    (2.5, 0.0)
    """
    return mean_member_error_percent * max(0.0, 1.0 - disagreement_error_ratio)


def would_more_members_help(
    error_percent: float,
    mean_member_error_percent: float,
    disagreement_error_ratio: float,
    num_images: int,
) -> str:
    """Say in a sentence whether more members can help, as far as disagreement tells.

    Args:
        error_percent: Of the ensemble.
        mean_member_error_percent: Mean over its members.
        disagreement_error_ratio: Disagreement of two different members over that.
        num_images: Images that the errors are of; their sampling decides what is hardly a gain.
    """
    least = least_vote_error(mean_member_error_percent, disagreement_error_ratio)
    share = error_percent / 100.0
    standard_error = 100.0 * math.sqrt(share * (1.0 - share) / num_images)
    ratio = f"{disagreement_error_ratio:.2f} times as often as they err"
    if disagreement_error_ratio >= 1:
        return (
            f"not excluded: members disagree {ratio} (DER of 1 or more), so that the bound leaves "
            f"every error possible, below the {error_percent:.2f} % of these too."
        )
    beginning = f"members disagree {ratio}, so no vote of them errs on less than {least:.2f} %"
    if error_percent <= least:
        return (
            f"hardly: {beginning}, and these have {error_percent:.2f} % already, by averaging "
            f"probabilities."
        )
    gain = error_percent - least
    if gain <= standard_error:
        return (
            f"hardly: {beginning}, which is {gain:.2f} points less than the {error_percent:.2f} % "
            f"of these, within the standard error of {num_images:,} images ({standard_error:.2f})."
        )
    return f"by {gain:.2f} points at most: {beginning}, and these err on {error_percent:.2f} %."
