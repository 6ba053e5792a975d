"""When a served cascade stops: rule, threshold and order, from a run's record or as asked for.

No torch: a command can refuse what is wrong before anything is loaded.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError, RecordError
from ensemble_switchover.measurement.cascade.exit_rules import EXIT_RULES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.measurement.cascade.exit_rules import ExitRule
    from ensemble_switchover.results.cascade_record import CascadeRecord

CASCADE = "cascade"
"""The execution that asks members in turn, until they are sure."""
USUAL_EXIT_RULE: ExitRule = "confidence"


@dataclass(frozen=True, slots=True, kw_only=True)
class CascadeSettings:
    """In which order members are asked, and when an image needs no further one."""

    rule: ExitRule
    """What of the mean probabilities is the score: `confidence` or `margin`."""
    threshold: float
    """Least score at which an image stops: at 0 the first member answers alone, above 1 all do."""
    order: tuple[int, ...]
    """Every member once, counted from 0."""


def choose_settings(
    k: int,
    cascades: Sequence[CascadeRecord] = (),
    *,
    threshold: object = None,
    rule: object = None,
    spelled: str = "threshold={}",
) -> CascadeSettings:
    """Return the settings asked for, and what a run's record says where nothing is.

    An ensemble of one member is a cascade that never asks another, so it needs no threshold.

    Args:
        k: The number of members.
        cascades: The cascades of the run's record; empty where it has none.
        threshold: Any that is asked for; None for that of the record.
        rule: The exit rule asked for; None for `confidence`.
        spelled: How a threshold is written where it is asked for, with `{}` for the number.

    Raises:
        ConfigError: if the rule is unknown, or the threshold is no finite number of at least 0, or
            is not known.
        RecordError: if the record's order is not one of the members.
    """
    asked = USUAL_EXIT_RULE if rule is None else rule
    chosen = next((one for one in EXIT_RULES if one == asked), None)
    if chosen is None:
        raise ConfigError(f"rule={rule}: expected one of {', '.join(EXIT_RULES)}")
    recorded = next((cascade for cascade in cascades if cascade.rule == chosen), None)
    if threshold is not None:
        limit = _checked(threshold, spelled)
    elif recorded is not None:
        limit = recorded.threshold
    elif k == 1:
        limit = 0.0
    else:
        raise ConfigError(
            f"execution={CASCADE}: the run's record has no cascade of rule={chosen}, from which a "
            f"threshold would be taken; expected one, such as {spelled.format(0.99)}"
        )
    order = range(k) if recorded is None else recorded.order
    if sorted(order) != list(range(k)):
        raise RecordError(
            f"cascades of the record: expected an order of the members 0 to {k - 1}, found "
            f"{list(order)}"
        )
    return CascadeSettings(rule=chosen, threshold=limit, order=tuple(order))


def refuse_settings(execution: str, *, threshold: object, rule: object) -> None:
    """Refuse a threshold or a rule for an execution that asks every member.

    Raises:
        ConfigError: naming which was given.
    """
    for name, value in (("threshold", threshold), ("rule", rule)):
        if execution != CASCADE and value is not None:
            raise ConfigError(
                f"{name}={value}: execution={execution} asks every member of every image; expected "
                f"execution={CASCADE}, or no {name}"
            )


def _checked(threshold: object, spelled: str) -> float:
    """Return a threshold as a number, if it is one."""
    shown = spelled.format(repr(threshold) if isinstance(threshold, str) else threshold)
    if isinstance(threshold, bool) or not isinstance(threshold, Real):
        raise ConfigError(f"{shown}: expected a number from 0 to 1, or above 1 to ask all members")
    number = float(threshold)
    if not (math.isfinite(number) and number >= 0):
        raise ConfigError(
            f"{shown}: expected a finite number of at least 0: 0 asks the first member alone, one "
            f"above 1 all members"
        )
    return number
