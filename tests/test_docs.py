"""What the documents promise exists: links, commands, options, overrides, imports, targets."""

import re
import runpy
import shlex
from pathlib import Path

import pytest

from ensemble_switchover.config.compose import compose_overrides, read_overrides
from ensemble_switchover.reporting.figures.gallery import FIGURE_DECLARATIONS, TREND_DECLARATIONS

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
SOURCES = [*PAGES, *sorted(REPOSITORY.glob("notebooks/*.ipynb"))]
TEXTS = {path.relative_to(REPOSITORY).as_posix(): path.read_text("utf-8") for path in SOURCES}
COMMAND = re.compile(r"python -m (ensemble_switchover[\w.]*)((?:\\\n|[^\n`#])*)")
COMMANDS = sorted(
    {
        (module.rstrip("."), " ".join(arguments.replace("\\\n", " ").split()))
        for name, text in TEXTS.items()
        if name != "CHANGELOG.md"
        for module, arguments in COMMAND.findall(text)
    }
)
TAKE_OVERRIDES = {"ensemble_switchover", *(f"ensemble_switchover.{door}" for door in
                  ("designs", "plan", "look"))}  # fmt: skip


ALWAYS = {"--multirun", "--cfg", "--help", "--config-dir"}
"""Options of every command that takes overrides."""


def source_of(module):
    path = REPOSITORY.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__main__.py", path / "__init__.py")
    return next((each for each in candidates if each.exists()), None)


def imported(module):
    package = REPOSITORY.joinpath(*module.split("."), "__init__.py")
    return package if package.exists() else package.parent.with_suffix(".py")


def test_there_are_pages_and_commands():
    assert {"README.md", "CONTRIBUTING.md", "docs/sweeps.md"} <= TEXTS.keys()
    assert len(COMMANDS) > 20


def test_the_readme_is_short():
    assert len(TEXTS["README.md"].splitlines()) <= 160


def test_the_page_of_the_configuration_is_that_of_the_schema():
    make = runpy.run_path(str(REPOSITORY / "docs" / "make_configuration.py"))["make_page"]
    assert TEXTS["docs/configuration.md"] == make(), "write docs/configuration.md anew: make docs"


def test_the_tables_of_columns_and_metrics_are_those_of_the_code():
    make = runpy.run_path(str(REPOSITORY / "docs" / "make_tables.py"))["make_pages"]
    for name, text in make().items():
        assert TEXTS[f"docs/{name}"] == text, "write the tables anew: make docs"


def test_the_page_of_the_report_names_every_figure():
    declared = [*FIGURE_DECLARATIONS, *TREND_DECLARATIONS]
    names = [each.name.format(compared="test_error") for each in declared]
    assert [name for name in names if f"`{name}`" not in TEXTS["docs/report.md"]] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    relative = [link.partition("#")[0] for link in links if "://" not in link and link[0] != "#"]
    assert [link for link in relative if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("module", "arguments"), COMMANDS)
def test_every_command_has_its_module_and_its_options(module, arguments):
    source = source_of(module)
    assert source is not None
    options = set(re.findall(r"(?<!\S)--[a-z0-9-]+", arguments)) - ALWAYS
    text = source.read_text("utf-8")
    if "add_rule_options(" in text:
        text += source_of("ensemble_switchover.analysis.rule_options").read_text("utf-8")
    assert [option for option in options if f'"{option}"' not in text] == []


@pytest.mark.slow
def test_every_override_of_a_command_means_something():
    for module, arguments in COMMANDS:
        if (
            module in TAKE_OVERRIDES
            and "..." not in arguments
            and "=ray" not in arguments
            and "--config-dir" not in arguments
        ):
            overrides = [word for word in shlex.split(arguments) if re.match(r"\+?[a-z]\S*=", word)]
            read = read_overrides if "sweep=" in arguments else compose_overrides
            assert read(overrides)


@pytest.mark.parametrize("name", TEXTS)
def test_every_import_finds_its_name(name):
    imports = re.findall(r"from (ensemble_switchover[\w.]*) import (\w+)", TEXTS[name])
    sources = [(imported(module).read_text("utf-8"), found) for module, found in imports]
    assert [found for text, found in sources if not re.search(rf"\b{found}\b", text)] == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_target_of_make_is_there(name):
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = re.findall(r"(?:`|^)make ([a-z-]+)", TEXTS[name], re.MULTILINE)
    assert [target for target in targets if f"\n{target}:" not in makefile] == []


@pytest.mark.parametrize("name", TEXTS)
def test_every_file_of_the_repository_that_is_named_is_there(name):
    named = re.findall(
        r"`((?:ensemble_switchover|conf|docs|tests|benchmarks)/[\w/.]+\.\w+)`", TEXTS[name]
    )
    assert [path for path in named if not (REPOSITORY / path).exists()] == []
