"""The names that W&B takes; checked here, so that no run finds out after its training began."""

from __future__ import annotations

import unicodedata

from ensemble_switchover.config.fingerprint import short_hash

MAX_TAG_BYTES = 64
MAX_WANDB_NAME_BYTES = 128
"""For the name of a project, of a run or of a group."""
NOT_IN_PROJECTS = "/\\#?%:"
"""Characters that W&B refuses in the name of a project."""
NOT_IN_FILTERS = "'\"\\=<>!"
"""Characters that W&B's filters read as their own, within a text too."""
NOT_IN_VIEWS = ("Cs", "Sc", "Sk", "Sm", "So")
"""Unicode's categories of characters that W&B refuses in the name of a saved view."""


def expected_of_project(name: str) -> str | None:
    r"""Say what W&B expects of the name of a project, or of a user; None where it takes this one.

    >>> expected_of_project("switchover"), expected_of_project("50%")
    (None, 'a name of 1 to 128 bytes without any of / \\ # ? % :, as W&B takes it')
    """
    fits = 0 < len(name.encode(errors="surrogateescape")) <= MAX_WANDB_NAME_BYTES
    if fits and name.isprintable() and not set(NOT_IN_PROJECTS) & set(name):
        return None
    odd = " ".join(NOT_IN_PROJECTS)
    return f"a name of 1 to {MAX_WANDB_NAME_BYTES} bytes without any of {odd}, as W&B takes it"


def expected_of_label(name: str, max_bytes: int = MAX_WANDB_NAME_BYTES) -> str | None:
    """Say what W&B expects of the name of a run; None where it takes this one.

    >>> expected_of_label("my run"), expected_of_label("")
    (None, 'a name of 1 to 128 bytes that can be printed, as W&B takes it')
    """
    fits = 0 < len(name.encode(errors="surrogateescape")) <= max_bytes
    if fits and name.isprintable() and not name.isspace():
        return None
    return f"a name of 1 to {max_bytes} bytes that can be printed, as W&B takes it"


def expected_of_tag(tag: str) -> str | None:
    """Say what W&B expects of a tag; None where it takes this one."""
    return expected_of_label(tag, MAX_TAG_BYTES)


def expected_of_group(name: str) -> str | None:
    r"""Say what is expected of the name of a group; None where W&B and its filters take this one.

    >>> expected_of_group("a=b")
    'a name of 1 to 128 bytes that can be printed, without any of \' " \\ = < > !, as W&B takes it'
    """
    if expected_of_label(name) is None and not set(NOT_IN_FILTERS) & set(name):
        return None
    return (
        f"a name of 1 to {MAX_WANDB_NAME_BYTES} bytes that can be printed, without any of "
        f"{' '.join(NOT_IN_FILTERS)}, as W&B takes it"
    )


def shortened(name: str, max_bytes: int) -> str:
    """Return a name that W&B takes: a long one's beginning and a hash of the whole.

    >>> shortened("demo", 64), len(shortened("x" * 65, 64))
    ('demo', 64)
    """
    content = name.encode()
    if len(content) <= max_bytes:
        return name
    ending = f"-{short_hash(name)}"
    return content[: max_bytes - len(ending)].decode(errors="ignore") + ending


def wandb_group(study: str) -> str:
    """Return the name of the group of a study's runs, which W&B's filters can state.

    >>> wandb_group("demo"), wandb_group("it's a=b")
    ('demo', 'it-s a-b-14ee90c69757')
    """
    if not set(study) & set(NOT_IN_FILTERS):
        return shortened(study, MAX_WANDB_NAME_BYTES)
    plain = study.translate(dict.fromkeys(map(ord, NOT_IN_FILTERS), "-"))
    return shortened(f"{plain}-{short_hash(study)}", MAX_WANDB_NAME_BYTES)


def view_name(study: str) -> str:
    """Return the name of a saved view, in which W&B takes no symbols such as those of money.

    >>> view_name("demo"), view_name("1+1")
    ('Study demo', 'Study 1-1')
    """
    taken = ("-" if unicodedata.category(letter) in NOT_IN_VIEWS else letter for letter in study)
    return f"Study {''.join(taken)}"
