"""The names of files and folders in the store are written in one module."""

import ast
from pathlib import Path

from ensemble_switchover.config import store_names
from ensemble_switchover.results import layout

PACKAGE = Path(layout.__file__).parents[1]
OLD_NAMES = {".checkpoints"}
"""Names of earlier layouts, which nothing writes any more."""


def layout_names() -> set[str]:
    names = {value for name, value in vars(layout).items() if name.endswith(("_FILE", "_FOLDER"))}
    return names | OLD_NAMES


def test_no_other_module_spells_out_a_name_of_the_layout():
    names = layout_names()
    assert ".unfinished" in names
    spelled_out = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != Path(store_names.__file__)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert spelled_out == []
