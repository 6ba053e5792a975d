"""Every Python block of README and docs runs, page by page, where the paths that it names exist.

A page's blocks share one namespace, as if they were typed in after one another. `PREPARED` makes
the paths that they name, of a run on a few digits and of the studies that are shipped. What cannot
run here is fenced as ```python no-run (and the reason).
"""

import re
import shutil
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from ensemble_switchover import export
from ensemble_switchover.results.shipped import unpack_study
from ensemble_switchover.runner import finish
from ensemble_switchover.runner.job import run_job

REPOSITORY = Path(__file__).parents[1]
PAGES = sorted([*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md")])
FENCED = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
LOOKS_LIKE_PYTHON = re.compile(r"^\s*(import \w|from \S+ import \w|>>> )", re.MULTILINE)
NOT_RUN = re.compile(r"python no-run \(.+\)")
RUN = "results/runs/RUN"


def blocks_of(page):
    """List the fenced blocks of a page: the line of each fence, what it says, and the code."""
    text = page.read_text("utf-8")
    return [
        (text.count("\n", 0, found.start()) + 1, found["info"].strip(), dedent(found["code"]))
        for found in FENCED.finditer(text)
    ]


BLOCKS = {page.relative_to(REPOSITORY).as_posix(): blocks_of(page) for page in PAGES}
PYTHON = {
    name: [(line, code) for line, info, code in blocks if info == "python"]
    for name, blocks in BLOCKS.items()
}


@pytest.fixture(scope="module")
def trained_run(tmp_path_factory):
    """Train four members on a few digits, once for all pages, and write both exported files."""
    from hydra import compose, initialize_config_dir

    from ensemble_switchover.config.groups import conf_folder
    from ensemble_switchover.config.resolve import resolve
    from ensemble_switchover.config.schema import typed

    overrides = [
        "design=deq", "k=4", "budget.depth=8", "budget.width=8", "epochs=20", "device=cpu",
        "logger=none", "dataset.train_size=40", "dataset.test_size=60", "execution=fused",
        "measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0",
        f"results={tmp_path_factory.mktemp('docs')}",
    ]  # fmt: skip
    with initialize_config_dir(str(conf_folder()), version_base="1.3"):
        config = typed(compose("config", overrides=overrides))
    spec = resolve(config)
    run_job(spec, config, concurrent_jobs=1)
    return spec.folder


def write_files(run):
    """Export a run's ensemble in both formats."""
    for form in export.SUFFIXES:
        assert export.export(run, form, "sequential") == 0


PREPARED = {
    RUN: lambda path, run: shutil.copytree(run, path),
    "results/demo": lambda path, _: unpack_study("demo", path.parent),
    "results/digits": lambda path, _: unpack_study("digits", path.parent),
    f"{RUN}/ensemble": lambda path, _: write_files(path.parent),
}
"""Beginning of a path -> what makes it, from the path and the folder of the trained run."""


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name, blocks in PYTHON.items() if blocks])
def test_every_python_block_runs(name, trained_run, tmp_path, monkeypatch):
    whole = "\n".join(code for _, code in PYTHON[name])
    for path, prepare in PREPARED.items():
        if path in whole:
            prepare(tmp_path / path, trained_run)
    monkeypatch.chdir(tmp_path)
    for measure in ("measure_inference", "measure_layers"):  # no page says what they measure
        monkeypatch.setattr(finish, measure, lambda *_: [])
    page = ModuleType(re.sub(r"\W", "_", name))
    monkeypatch.setitem(sys.modules, page.__name__, page)
    for line, code in PYTHON[name]:
        padded = "\n" * line + code  # so that a traceback names the line of the page
        exec(compile(padded, str(REPOSITORY / name), "exec", dont_inherit=True), page.__dict__)


@pytest.mark.parametrize("name", BLOCKS)
def test_every_python_block_says_that_it_is_one(name):
    for line, info, code in BLOCKS[name]:
        known = info == "python" or NOT_RUN.fullmatch(info)
        assert known or not info.startswith("python"), f"{name}:{line}: ```{info}"
        assert known or not LOOKS_LIKE_PYTHON.search(code), f"{name}:{line}: expected ```python"


def test_there_are_blocks():
    assert {"README.md", "docs/serving.md", "docs/results.md"} <= {
        name for name, blocks in PYTHON.items() if blocks
    }
