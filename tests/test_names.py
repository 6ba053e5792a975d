"""One name for one thing: no public name of the package is defined in two modules."""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "ensemble_switchover"
SHARED = {"main"}
"""What every command is started by."""


def _public_names(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = (entry for target in targets for entry in ast.walk(target))
            names |= {entry.id for entry in named if isinstance(entry, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def test_no_public_name_is_defined_in_two_modules():
    places = defaultdict(list)
    for path in sorted(PACKAGE.rglob("*.py")):
        for name in _public_names(path) - SHARED:
            places[name].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
