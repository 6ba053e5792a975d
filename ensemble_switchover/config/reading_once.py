"""What is read of a user's folder is read once for all runs of a command that differ elsewhere."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, TypeVar, cast

from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

Read = TypeVar("Read")

_memory: ContextVar[dict[Hashable, object] | None] = ContextVar("memory", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Remember what `read_once` reads until the `with` is left, and nothing of before.

    So a notebook or a long sweep, which enters one for each composition, sees what has changed in
    the folder since. One inside another is part of it.
    """
    if _memory.get() is not None:
        yield
        return
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def read_once(key: Hashable, read: Callable[[], Read]) -> Read:
    """Return what a function reads, or, inside `reading_once`, what it read before.

    Args:
        key: Everything that decides what is read.
        read: Reads it.

    Raises:
        ConfigError: as `read` does; it is remembered, too.
    """
    memory = _memory.get()
    if memory is None:
        return read()
    if key not in memory:
        try:
            memory[key] = read()
        except ConfigError as error:
            memory[key] = error
    found = memory[key]
    if isinstance(found, ConfigError):
        raise ConfigError(*found.args)
    return cast("Read", found)
