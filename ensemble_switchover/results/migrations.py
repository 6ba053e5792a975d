"""From the text of an older record to that of today's, one version at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ensemble_switchover.results.record import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, Any]


def _epochs_get_a_file_of_their_own(values: Values) -> Values:
    """Version 1 had the epochs within the record, and no further files.

    They stay under `epochs`, which says that no file has them. Until `execution=auto`, what was
    asked for was what was done.
    """
    environment = values["environment"]
    asked = {"execution_asked": environment["execution"]}
    return {**values, "files": {}, "environment": {**asked, **environment}}


MIGRATIONS: dict[int, Callable[[Values], Values]] = {1: _epochs_get_a_file_of_their_own}
"""From a version to the next one."""


def migrate(values: Values) -> Values:
    """Bring a record of any known version to today's.

    Raises:
        ValueError: for a version that this program does not know.
    """
    version = values["schema_version"]
    if version not in [*MIGRATIONS, SCHEMA_VERSION]:
        newer = isinstance(version, int) and version > SCHEMA_VERSION
        hint = "; a newer version of the program wrote it" if newer else ""
        raise ValueError(
            f"schema version {version}, this program reads 1 to {SCHEMA_VERSION}{hint}"
        )
    while values["schema_version"] != SCHEMA_VERSION:
        version = values["schema_version"]
        values = {**MIGRATIONS[version](values), "schema_version": version + 1}
    return values
