"""Write the tables of the studies that come with the package: a folder of docs/ for each."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from ensemble_switchover.analysis.claims import check_claims
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.answer_tables import (
    show_claims,
    show_claims_not_asked,
    show_switchovers,
)
from ensemble_switchover.reporting.early_exit_overview import show_early_exits
from ensemble_switchover.reporting.markup import write_markdown
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.results.store import read_records

if TYPE_CHECKING:
    from ensemble_switchover.results.shipped import ShippedStudy

FOLDER = Path(__file__).parent
DESCRIBED: tuple[ShippedStudy, ...] = ("digits", "fashion_mnist")


def make_tables(name: ShippedStudy) -> dict[str, str]:
    """Return the tables of a study's records, by the names of their files."""
    with TemporaryDirectory() as temporary:
        study = unpack_study(name, temporary)
        records = read_records(study).records
        folders = {(record.study, record.name): study / record.name for record in records}
        findings = [
            derive_finding(comparison, folders=folders) for comparison in group_comparisons(records)
        ]
    claims = check_claims(findings)
    tables = {
        "switchovers": show_switchovers(findings),
        "claims": show_claims(claims),
        "claims_not_asked": show_claims_not_asked(claims),
        "early_exit": show_early_exits(findings),
    }
    return {f"{file}.md": write_markdown(table) for file, table in tables.items() if table}


if __name__ == "__main__":
    for study in DESCRIBED:
        for page, text in make_tables(study).items():
            (FOLDER / study / page).write_text(text, encoding="utf-8")
