"""The lists of values among the overrides of a command; none of them may get lost."""

from __future__ import annotations

from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Any

from hydra.core.override_parser.types import QuotedString, Transformer, ValueType
from hydra.errors import HydraException

from ensemble_switchover.config.fingerprint import is_decisive
from ensemble_switchover.config.groups import key_owners
from ensemble_switchover.config.largest_values import MAX_SWEEP_RUNS
from ensemble_switchover.config.override_texts import as_one_text, text_keys
from ensemble_switchover.config.quoting import hydra_text, quoted_text, shell_override
from ensemble_switchover.config.schema import SweepConfig
from ensemble_switchover.errors import ConfigError
from ensemble_switchover.machine.paths import on_one_line, user_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hydra.core.override_parser.types import Override

IMAGES = "dataset.root"
"""Excluded from the fingerprint, but the images in it are not: folders of images may be swept."""
LOGGER = "logger"
"""The group whose keys are all excluded from the fingerprint."""


def values_of(override: Override) -> list[str]:
    """List the values of an override, one or several, as Hydra's basic sweeper would.

    Raises:
        ConfigError: if it is a list without a value, such as a pattern that nothing matches, or one
            of more values than a sweep has runs.
        HydraException: if it is a range of real numbers without steps.
    """
    if not override.is_sweep_override():
        return [override.get_value_element_as_str()]
    if not override.is_discrete_sweep():
        raise HydraException(f"{override.input_line}: expected a list of values")
    is_text = override.key_or_group in text_keys()
    try:
        some = islice(override.sweep_iterator(), MAX_SWEEP_RUNS + 1)
        values = [_as_override(value, is_text) for value in some]
    except (ValueError, OverflowError) as error:  # of Python's range
        raise ConfigError(f"{_shown(override)}: {error}; expected a list of values") from error
    if not values:
        raise ConfigError(
            f"{_shown(override)}: stands for no value, so there is nothing to run; expected a "
            f"list of values, such as {override.get_key_element()}=..., or the key left out"
        )
    if len(values) > MAX_SWEEP_RUNS:
        raise ConfigError(f"{override.input_line}: expected at most {MAX_SWEEP_RUNS:,} values")
    return values


def _as_override(value: Any, is_text: bool) -> str:
    """Write a value of a list; Hydra's functions remove the quotes of texts."""
    plain = Transformer.str(value)
    return quoted_text(value) if is_text and value == plain != hydra_text(value) else plain


def refuse_lost_lists(overrides: Sequence[Override]) -> None:
    """Refuse lists that would not make different runs, and lists of which one replaces another.

    Args:
        overrides: Those of a command, without those of Hydra.

    Raises:
        ConfigError: naming the list, and how to write one value that has a comma in it.
    """
    by_key: dict[str, list[Override]] = defaultdict(list)
    for override in overrides:
        by_key[override.key_or_group].append(override)
    for key, given in by_key.items():
        lists = [override for override in given if override.is_sweep_override()]
        if lists and len(given) > 1:
            lines = " and ".join(map(_shown, given))
            raise ConfigError(f"{lines}: only one of them would count; expected {key}= once")
        for override in lists:
            if len(set(values_of(override))) > 1:
                _refuse_idle(key, override)


def _refuse_idle(key: str, override: Override) -> None:
    texts = _texts(override)
    if key == IMAGES:
        absent = [text for text in texts if not user_path(text).is_dir()]
        problem = f"and there is no folder {absent[0]}" if absent else None
    elif key == LOGGER or (_is_of_run(key) and not is_decisive(key)):
        problem = f"and a command has one {key}="
    else:
        problem = None
    if problem is not None:
        quoted = ""
        if key in text_keys():
            quoted = f", or for one with a comma in it {shell_override(key, _as_one(override))}"
        raise ConfigError(
            f"{_shown(override)}: was read as {len(texts)} values, {problem}; expected one "
            f"value{quoted}"
        )


def _as_one(override: Override) -> str:
    """Return the values of a list as one text with commas in it."""
    if override.value_type is ValueType.SIMPLE_CHOICE_SWEEP:
        return as_one_text(str(override.input_line).partition("=")[2])
    return ",".join(_texts(override))


def _shown(override: Override) -> str:
    return on_one_line(str(override.input_line))


def _is_of_run(key: str) -> bool:
    """Return whether a key is of the configuration of a run, and not of a sweep of them."""
    return key_owners().get(key, SweepConfig) is not SweepConfig


def _texts(override: Override) -> list[str]:
    """Return the values of a list as texts without quotes."""
    elements: list[Any] = getattr(override.value(), "list", [])
    if not elements:
        return list(override.sweep_string_iterator())
    return [e.text if isinstance(e, QuotedString) else str(e) for e in elements]
