"""Tests stand at the path of the module that they test."""

from pathlib import Path

from tests.program import REPOSITORY

PACKAGE, TESTS = REPOSITORY / "ensemble_switchover", REPOSITORY / "tests"
EXCEPTIONS = {
    "__main__.py": "calls app.main; every sweep of tests/sweep starts it",
    "machine/units.py": "constants",
    "config/dataset_config.py": "declarations; tests/config/test_groups.py composes them",
    "config/recipe_config.py": "declarations; tests/config/test_make_recipe.py reads them",
    "analysis/advice/advice_rows.py": "rows of the answer, compared by tests/test_advise.py",
    "measure/timed_file.py": "a dataclass; tests/measure/test_load.py fills it",
    "measurement/file_formats.py": "constants",
    "reporting/section.py": "files of a comparison, compared by tests/test_report.py",
    "reporting/summary_tables.py": "tests/analysis/test_design_table.py and test_report.py",
    "reporting/figures/declaration.py": "a dataclass; tests/reporting/figures/test_gallery.py",
    "results/record.py": "dataclasses; tests/results/test_store.py writes and reads them",
    "results/quality_record.py": "a dataclass; tests/results/test_measure_quality.py fills it",
    "results/run_columns.py": "declarations; tests/results/test_main.py lists them",
    "runner/measure_epoch.py": "tests/runner/test_run.py checks what it makes",
    "runner/timed_steps.py": "timed by tests/runner/test_calibrate.py",
    "tracking/wandb_logger.py": "tests/tracking/test_wandb_run.py logs by it",
}
"""Modules without a test of that name, and why."""


def test_at_least_95_percent_of_modules_have_their_test_at_the_mirrored_path():
    modules = [path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py")]
    modules = [path for path in modules if path.name != "__init__.py"]

    def has_test(module: Path) -> bool:
        return (TESTS / module.parent / f"test_{module.stem.strip('_')}.py").is_file()

    missing = {str(module) for module in modules if not has_test(module)}
    assert missing - EXCEPTIONS.keys() == set(), "add its test, or an exception with its reason"
    assert len(missing) <= 0.05 * len(modules)
