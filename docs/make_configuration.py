"""Write docs/configuration.md from the schema's docstrings, the families and the files of conf/."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
import textwrap
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints

import omegaconf
import yaml

from ensemble_switchover import config
from ensemble_switchover.config.fingerprint import is_decisive
from ensemble_switchover.config.groups import GROUPS, SCHEMAS, conf_folder, group_options, node_of
from ensemble_switchover.config.key_markers import Expected, declared
from ensemble_switchover.config.recipe_config import PAPERS_RECIPE
from ensemble_switchover.config.schema import CommandConfig
from ensemble_switchover.design import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Collection

PAGE = Path(__file__).parent / "configuration.md"

INTRODUCTION = """\
# Configuration

Made by `make docs` from the schema, the families and `conf/`; do not edit this page.

`group=option` chooses an option of a group, and `key=value` sets a key. Both are *overrides*. They
are the same for a run, a sweep, `plan`, `designs` and `look`:

```
python -m ensemble_switchover arch=densenet design=deq k=4 budget.network=40x12 epochs=30
```

A list of values is swept: with `--multirun`, or in a named sweep, `seed=0,1,2` makes three runs.
`null` unsets a key. `python -m ensemble_switchover --help` prints the groups, and `--cfg job` every
key with its value. A key that does not exist, or a value that cannot be, ends the command before
anything is computed, with a message that names the key, what was expected and what was given.

*Decides* says whether the key, or what follows from it, enters the fingerprint that identifies a
run ([results.md](results.md)).

Where runs go (`hydra/launcher=`) is described in [sweeps.md](sweeps.md), what a term means in
[definitions.md](definitions.md).
"""

TITLES = {
    "arch": "the family of networks",
    "budget": "how the parameter budget is stated",
    "callbacks": "what is called during training",
    "dataset": "the images",
    "design": "one network or an ensemble",
    "execution": "how the members are executed",
    "experiment": "a named run",
    "logger": "where metrics go besides the record",
    "metrics": "further metrics of your own",
    "recipe": "how a member is trained",
    "recipe/optimizer": "its optimizer",
    "recipe/schedule": "its schedule of the learning rate",
    "sweep": "a named study",
    "trainer": "flags of Lightning's Trainer",
}
KEY_COLUMNS = ["key", "type", "values", "default", "decides", "meaning"]
TYPES = {int: "integer", float: "number", str: "text", bool: "`true` or `false`"}
PLURALS = {int: "integers", float: "numbers", str: "texts", Any: "pairs"}


def make_page() -> str:
    """Return the page as Markdown."""
    children = {entry.name for entry in fields(CommandConfig)} - set(_own_keys(CommandConfig))
    groups = [group for group in TITLES if group in GROUPS]
    nodes = {node_of(group) for group in groups}
    parts = [INTRODUCTION, "## The run\n", _table(_rows("", CommandConfig, skip=children))]
    for group in groups:
        default = f"Default: {_default_option(group)}.\n"
        parts += [f"## `{group}=`: {TITLES[group]}\n", default, _options(group)]
        rows = _group_rows(group)
        if rows:
            parts.append(_table(rows))
    for name in sorted(children - nodes):
        schema = get_type_hints(CommandConfig)[name]
        parts += [f"## `{name}`\n", f"{inspect.getdoc(schema)}\n", _table(_rows(name, schema))]
    return "\n".join(parts)


def _own_keys(schema: type[Any]) -> list[str]:
    """Return the keys of a schema that hold a value, not further keys."""
    types = get_type_hints(schema)
    return [name for name in types if not hasattr(types[name], "__dataclass_fields__")]


def _default_option(group: str) -> str:
    """Return the option of a group that conf/config.yaml takes, or the option that it takes."""
    parent, _, name = group.rpartition("/")
    file = f"{parent}/{PAPERS_RECIPE}.yaml" if parent else "config.yaml"
    defaults = yaml.safe_load((conf_folder() / file).read_text(encoding="utf-8"))["defaults"]
    (option,) = (entry[name] for entry in defaults if isinstance(entry, dict) and name in entry)
    return f"`{option}`" if option else "none"


def _options(group: str) -> str:
    """Return the table of a group's options: their meaning, and the values that they set."""
    rows = [
        [f"`{option}`", _meaning(group, option), _values_set(group, option)]
        for option in group_options(group)
    ]
    if any(values for *_, values in rows):
        return _markdown(["option", "meaning", "sets"], rows)
    return _markdown(["option", "meaning"], [row[:2] for row in rows])


def _meaning(group: str, option: str) -> str:
    """Return the first sentence of the comment at the top of an option's file in conf/.

    A family, and an execution without such a file, are described by their module's docstring.
    """
    if group == "arch":
        family = FAMILIES[option]
        network = f"{family.default_depth}x{family.default_width}"
        text = _first_sentence(inspect.getdoc(inspect.getmodule(family)) or "")
        return f"{text} Width: {family.width_name}. Default: {network}."
    path = conf_folder() / group / f"{option}.yaml"
    if not path.exists():
        module = Path(config.__file__).parents[1] / "training" / "execution" / f"{option}.py"
        return _first_sentence(ast.get_docstring(ast.parse(module.read_text("utf-8"))) or "")
    text = path.read_text(encoding="utf-8")
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    comment = [line.lstrip("# ") for line in lines if "@package" not in line]
    if not comment:
        raise ValueError(f"conf/{group}/{option}.yaml: expected a comment at the top")
    return _first_sentence(" ".join(comment))


def _values_set(group: str, option: str) -> str:
    """Return the values of an option's file that differ from the schema's defaults."""
    if f"{group}/schema" not in SCHEMAS:
        return ""
    defaults = {entry.name: entry.default for entry in fields(_schema_of(group, option))}
    return ", ".join(
        f"`{key}: {_yaml(value)}`"
        for key, value in _written(group, option).items()
        if key in defaults and value != defaults[key] and value not in (option, "???")
    )


def _written(group: str, option: str) -> dict[str, Any]:
    """Return what an option's file says; nothing where it has none."""
    path = conf_folder() / group / f"{option}.yaml"
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}


def _first_sentence(text: str) -> str:
    return re.split(r"(?<=\.)\s+(?=[A-Z`])", " ".join(text.split("\n\n")[0].split()))[0]


def _schema_of(group: str, option: str) -> type[Any]:
    """Return the schema of an option: its family's, or the one that its file begins with."""
    first = _written(group, option).get("defaults", [f"schema/{group}@_here_"])[0]
    name = option if group == "arch" else first.removeprefix("schema/").partition("@")[0]
    return SCHEMAS[f"{group}/schema"][name]


def _group_rows(group: str) -> list[list[str]]:
    """Return the keys of a group: those of every option, then those of some."""
    node = node_of(group)
    if "/" in group:  # its keys are those of one schema, or of the group that it is in
        schemas_in = SCHEMAS.get(f"{group}/schema", {})
        return [row for schema in schemas_in.values() for row in _rows(node, schema)]
    if f"{group}/schema" not in SCHEMAS:
        schema = get_type_hints(CommandConfig).get(node)
        return _rows(node, schema) if is_dataclass(schema) else []
    schemas: dict[type[Any], list[str]] = {}
    for option in group_options(group):
        schemas.setdefault(_schema_of(group, option), []).append(option)
    base = get_type_hints(CommandConfig)[node]
    common = [entry.name for entry in fields(base)]
    rows = _rows(node, base, set_by=f"`{group}=`")
    for schema, options in schemas.items():
        documented = FAMILIES[options[0]] if group == "arch" else schema
        chosen = " or ".join(f"`{group}={option}`" for option in options)
        set_by = chosen if "???" not in _written(group, options[0]).values() else ""
        rows += _rows(node, documented, set(common), f"Only with {chosen}. ", set_by)
    return rows


def _rows(
    node: str,
    schema: type[Any],
    skip: Collection[str] = (),
    prefix: str = "",
    set_by: str = "",
) -> list[list[str]]:
    """Return a row for every key of a schema, with the columns of `KEY_COLUMNS`."""
    types, expected = get_type_hints(schema), declared(schema, Expected)
    meanings = _field_docstrings(schema)
    rows = []
    for entry in fields(schema):
        if entry.name not in skip and not hasattr(types[entry.name], "__dataclass_fields__"):
            key = f"{node}.{entry.name}".removeprefix(".")
            decides = node != "sweep" and is_decisive(key)
            values = "; ".join(each.text for each in expected.get(entry.name, []))
            rows.append(
                [
                    f"`{key}`",
                    _describe_type(types[entry.name]),
                    values,
                    _describe_default(entry, set_by),
                    "yes" if decides else "no",
                    prefix + meanings[entry.name],
                ]
            )
    return rows


def _field_docstrings(schema: type[Any]) -> dict[str, str]:
    """Return the docstring under every field of a dataclass and of those it extends."""
    found: dict[str, str] = {}
    for part in reversed(schema.__mro__[:-1]):
        if not hasattr(part, "__dataclass_fields__"):
            continue
        (definition,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        assert isinstance(definition, ast.ClassDef)
        for statement, following in zip(definition.body, definition.body[1:], strict=False):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                    value=ast.Constant(value=str(text))
                ):
                    found[name] = " ".join(text.split())
    return found


def _describe_type(kind: Any) -> str:
    """Return a type as a reader of the page would say it."""
    if get_origin(kind) is list:
        return f"list of {PLURALS[get_args(kind)[0]]}"
    if get_origin(kind) is dict:
        return "mapping"
    parts = [part for part in get_args(kind) if part is not type(None)]
    return f"{_describe_type(parts[0])} or `null`" if parts else TYPES[kind]


def _describe_default(entry: Field[Any], set_by: str) -> str:
    if entry.default_factory is not MISSING:
        return f"`{_yaml(entry.default_factory())}`"
    if entry.default == omegaconf.MISSING:
        return f"set by {set_by}" if set_by else "none: has to be given"
    reference = re.fullmatch(r"\$\{(.*)\}", str(entry.default))
    return f"that of `{reference[1]}`" if reference else f"`{_yaml(entry.default)}`"


def _yaml(value: Any) -> str:
    if isinstance(value, str):
        return value or '""'
    return yaml.safe_dump(value, default_flow_style=True).split("\n")[0]


def _table(rows: list[list[str]]) -> str:
    return _markdown(KEY_COLUMNS, rows)


def _markdown(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(_escape(cell) for cell in line)} |\n" for line in lines)


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(make_page(), encoding="utf-8")
