import gc
import json
import multiprocessing.process
import os
import subprocess
import sys
import tempfile
from copy import deepcopy

import pytest
from platformdirs import user_cache_path

os.environ["WANDB_MODE"] = "offline"
os.environ["OMP_NUM_THREADS"] = "1"  # the tests run side by side

os.environ.setdefault("MPLCONFIGDIR", str(user_cache_path("matplotlib")))  # its list of fonts
_caches = tempfile.TemporaryDirectory(prefix="ensemble_switchover_tests_")
os.environ["XDG_CACHE_HOME"] = _caches.name  # nothing of the user's is read or written


GARBAGE_THRESHOLDS = 20_000, 10, 100
"""Objects between two looks of the garbage collector, and looks between those at older objects."""
NEW_MODULES = 50
"""So many modules are imported anew before what they consist of is taken for permanent."""

_frozen_modules = 0
_composed = {}
"""Overrides -> their configuration."""

FIXTURE_GROUPS = {
    "logged_study": "logged_study",
    "smoke_outcomes": "engines",
    "cluster": "engines",
    "browser": "browser",
}
"""Expensive fixtures -> what one process makes once for all tests that use them."""


def pytest_configure():
    """Collect garbage rarely: thousands of tests and their modules are none, and are many."""
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def pytest_runtest_setup(item):
    """Skip what needs a CUDA device; keep garbage collection from going through all modules."""
    if item.get_closest_marker("cuda"):
        import torch

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")
    global _frozen_modules
    if len(sys.modules) > _frozen_modules + NEW_MODULES:
        gc.freeze()
        _frozen_modules = len(sys.modules)


def pytest_unconfigure():
    """Leave no object to the interpreter's end that it would not look at."""
    gc.unfreeze()


def pytest_collection_modifyitems(config, items):
    """Keep tests of one expensive fixture together, and begin with those that take long."""
    for item in items:
        names = FIXTURE_GROUPS.keys() & set(item.fixturenames)
        for name in names:
            item.add_marker(pytest.mark.xdist_group(FIXTURE_GROUPS[name]))
        if "browser" in names:
            item.add_marker(pytest.mark.browser)
    items.sort(key=_turn)
    if getattr(config.option, "loadgroup", False):  # in a worker of xdist
        for item in items:
            _tell_group(item)


def _tell_group(item):
    """Put a test's group where xdist looks for it, behind its name.

    xdist 3.8 itself writes to `_nodeid`, of which pytest 9.2 knows nothing, and then groups nothing
    (pytest-xdist's issue 1386).
    """
    groups = sorted({mark.args[0] for mark in item.iter_markers("xdist_group")})
    if groups and "@" not in item.nodeid.rpartition("]")[2] and hasattr(item, "_id"):
        item._id = type(item._id).parse(f"{item.nodeid}@{'_'.join(groups)}")


def _turn(item):
    """Return when a test begins: those of Slurm wait most and are one group, processes wait too."""
    if item.get_closest_marker("slurm"):
        return 0
    return 1 if item.get_closest_marker("process") else 2


def pytest_xdist_auto_num_workers(config):
    """Run one more worker than there are processors where tests wait for processes meanwhile."""
    from ensemble_switchover.machine.hardware import num_processors

    return num_processors() + ("not process" not in config.option.markexpr)


@pytest.fixture(autouse=True)
def _no_processes(request, monkeypatch):
    """Under `-m "not process"` (`make test-fast`) skip what would start a process after all."""
    if "not process" not in request.config.option.markexpr:
        return
    start = subprocess.Popen.__init__

    def refuse(*arguments, **options):
        pytest.skip("starts a process; expected @pytest.mark.process")

    def only_git(self, command, *arguments, **options):  # which names the commit of a record
        if command[0] != "git":
            refuse()
        start(self, command, *arguments, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", only_git)
    monkeypatch.setattr(multiprocessing.process.BaseProcess, "start", refuse)
    monkeypatch.setattr(os, "fork", refuse)


@pytest.fixture(autouse=True, scope="session")
def _schemas():
    from ensemble_switchover.config.groups import register_schemas
    from tests.quick_compositions import quick_compositions

    register_schemas()
    with quick_compositions():
        yield


@pytest.fixture
def compose_config():
    """Compose a typed configuration from overrides, as the command line does."""
    from hydra import compose, initialize_config_dir

    from ensemble_switchover.config.groups import conf_folder
    from ensemble_switchover.config.schema import Config, typed

    def make(*overrides: str) -> Config:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return typed(compose("config", overrides=list(overrides)))

    def copy_of(*overrides: str) -> Config:
        if overrides not in _composed:
            _composed[overrides] = make(*overrides)
        return deepcopy(_composed[overrides])

    return copy_of


@pytest.fixture
def example(tmp_path, monkeypatch):
    """Write the example project of docs/extending.md, and work in its folder."""
    from tests.example_project import nothing_registered, write_example

    write_example(tmp_path)
    monkeypatch.chdir(tmp_path)
    with nothing_registered():
        yield tmp_path


@pytest.fixture
def tiny_spec(compose_config, tmp_path):
    """Resolve a run on a few digits that trains in a moment, with its configuration."""
    from ensemble_switchover.config.resolve import resolve

    def make(*overrides: str):
        config = compose_config(
            "logger=none",
            "epochs=1",
            "device=cpu",
            "dataset.train_size=40",
            "dataset.test_size=60",
            "recipe.batch_size=16",
            "measurement.latency_batch_sizes=[1,4]",
            "measurement.latency_seconds=0.01",
            *overrides,
        )
        if config.results == "results":  # in place of an override, which every test has its own of
            config.results = str(tmp_path / "results")
        return resolve(config), config

    return make


@pytest.fixture
def every_epoch_kept(monkeypatch):
    """Write a checkpoint after every epoch, however short it is."""
    from ensemble_switchover.training import checkpoint_pace

    monkeypatch.setattr(checkpoint_pace, "MAX_LOST_SECONDS", 0.0)


@pytest.fixture
def log_lines():
    """Collect what the package logs in a test, warnings included."""
    from tests.log_lines import logged

    with logged() as lines:
        yield lines


@pytest.fixture
def untold(monkeypatch):
    """Forget that this process has said that nothing can be cached."""
    from ensemble_switchover.machine.caches import TOLD

    monkeypatch.setenv(TOLD, "")


@pytest.fixture
def no_warnings():
    """Fail a test at the first warning that the package logs."""
    from tests.log_lines import without_warnings

    with without_warnings():
        yield


@pytest.fixture(scope="session")
def logged_study(tmp_path_factory):
    """Run a single network and an ensemble of two with W&B offline; return the study's folder."""
    from hydra import compose, initialize_config_dir

    from ensemble_switchover.config.groups import conf_folder
    from ensemble_switchover.config.resolve import resolve
    from ensemble_switchover.config.schema import typed
    from ensemble_switchover.runner.job import run_job
    from tests.log_lines import without_warnings

    results = tmp_path_factory.mktemp("logged") / "results"
    for design in ("single", "deq"):
        words = (
            f"design={design}",
            "k=2",
            "logger=wandb",
            "epochs=2",
            "device=cpu",
            "dataset.train_size=40",
            "dataset.test_size=60",
            "budget.depth=8",
            "budget.width=8",
            "measurement.latency_batch_sizes=[1,4]",
            "measurement.latency_seconds=0.01",
            f"results={results}",
            "study=tiny",
        )
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = typed(compose("config", overrides=list(words)))
        with without_warnings():
            run_job(resolve(config), config, concurrent_jobs=1)
    return results / "tiny"


@pytest.fixture(scope="session")
def logged(logged_study):
    """Read what W&B keeps of each run of the logged study."""
    from tests.tracking.wandb_file import read_wandb_file

    files = sorted(logged_study.glob("wandb/offline-run-*/*.wandb"))
    return [read_wandb_file(file) for file in files]


@pytest.fixture
def dry_run(tmp_path, capsys, monkeypatch):
    """Make a dashboard without sending it; return its specification and what was printed."""
    from ensemble_switchover import dashboard
    from tests.reporting.undrawn import ENCODE, draw_nothing

    monkeypatch.setattr(ENCODE, draw_nothing)  # it names the figures only

    def make(study, *overrides):
        out = tmp_path / "spec.json"
        assert dashboard.main([str(study), "--dry-run", "--out", str(out), *overrides]) == 0
        return json.loads(out.read_text()), capsys.readouterr().out

    return make


@pytest.fixture(scope="session")
def smoke_outcomes(tmp_path_factory):
    """Run three runs of the study `smoke` one by one in one process; return what they learned."""
    from tests import engines

    folder = tmp_path_factory.mktemp("smoke")
    assert "[6/6 done]" in engines.run(folder, *engines.SMOKE)
    outcomes = engines.outcomes(folder)
    assert len(outcomes) == 6
    return outcomes
