"""Variables of the shell that libraries would choke on, and commands without a home."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ensemble_switchover.machine import inherited_variables as module
from ensemble_switchover.machine.inherited_variables import (
    LIBRARY_FOLDERS,
    RANKS,
    forget_other_trainings,
    has_backend,
    keep_library_caches_in,
    mend_variables,
)

BELOW_A_FILE = f"{os.devnull}/folder"
LISTED = (
    "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "TMPDIR", "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "NVIDIA_TF32_OVERRIDE", "MPLBACKEND", "MPLCONFIGDIR", "OMP_NUM_THREADS", "WANDB_RUN_ID",
    "WANDB_RESUME", "WANDB_DIR", "WANDB_MODE", "WANDB_PROJECT", "WANDB_CACHE_DIR", "RANK",
    "LOCAL_RANK", "WORLD_SIZE", "SLURM_JOB_ID", "SLURM_PROCID", "SLURM_NTASKS", "LOGNAME",
    "COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "LANG", "LC_ALL",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _own_variables(monkeypatch):
    """Undo what is mended, and forget it."""
    for variable in (*LISTED, *LIBRARY_FOLDERS, *module.CACHES_OF_LIBRARIES, *RANKS):
        if variable in os.environ:
            monkeypatch.setenv(variable, os.environ[variable])
        else:
            monkeypatch.setenv(variable, "")
            del os.environ[variable]
    monkeypatch.setattr(module, "_replaced", set())
    monkeypatch.setattr(tempfile, "tempdir", None)


@pytest.mark.parametrize(
    ("name", "is_there"),
    [
        ("module://matplotlib_inline.backend_inline", True),
        ("module://not_there.backend", False),
        ("module://", False),
        ("module://..", False),
        ("Agg", True),
        ("TkAgg", True),
        ("nonsense", False),
        ("", False),
    ],
)
def test_a_backend_that_matplotlib_cannot_load_becomes_agg(name, is_there, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", name)
    mend_variables()
    assert has_backend(name) is is_there
    assert os.environ["MPLBACKEND"] == (name if is_there else "agg")


def test_the_notebooks_short_name_needs_its_package(monkeypatch):
    assert has_backend("inline")
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert not has_backend("inline")
    assert not has_backend("module://matplotlib_inline.backend_inline")


def test_the_backends_are_matplotlibs():
    from matplotlib.backends.registry import BackendRegistry

    assert set(BackendRegistry().list_builtin()) <= module.MATPLOTLIB_BACKENDS


def test_without_a_home_libraries_write_to_a_folder_that_goes(monkeypatch):
    monkeypatch.setenv("HOME", BELOW_A_FILE)
    for variable in LIBRARY_FOLDERS:
        monkeypatch.delenv(variable, raising=False)
    mend_variables()
    for variable in LIBRARY_FOLDERS:
        Path(os.environ[variable]).mkdir()
    assert os.environ["HOME"] == BELOW_A_FILE


def test_a_user_that_the_system_does_not_know_gets_a_name_and_no_home(monkeypatch):
    for variable in ("HOME", "LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    mend_variables()
    assert os.environ["HOME"] == os.devnull
    assert os.environ["LOGNAME"] == f"uid{2**31 - 7}"
    assert Path.home() == Path(os.devnull)


@pytest.mark.parametrize("folder", ["", "relative", BELOW_A_FILE, "x" * 5000])
def test_a_temporary_folder_that_cannot_be_used_is_forgotten(folder, monkeypatch):
    monkeypatch.setenv("TMPDIR", folder)
    mend_variables()
    assert "TMPDIR" not in os.environ


def test_a_temporary_folder_is_no_longer_than_a_socket_bears(tmp_path, monkeypatch):
    short = Path("/tmp")
    monkeypatch.setenv("TMPDIR", str(short))
    mend_variables()
    assert os.environ["TMPDIR"] == str(short)
    (tmp_path / ("x" * 90)).mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("x" * 90)))
    mend_variables()
    assert "TMPDIR" not in os.environ


@pytest.mark.parametrize(
    ("variable", "text", "stays"),
    [("COLUMNS", "80", True), ("COLUMNS", "0", False), ("COLUMNS", "-3", False),
     ("COLUMNS", "", False), ("COLUMNS", "wide", False), ("COLUMNS", "²", False),
     ("COLUMNS", "9" * 40, False),
     ("OMP_NUM_THREADS", "4", True), ("OMP_NUM_THREADS", " 4 ", True),
     ("OMP_NUM_THREADS", "4,2", True), ("OMP_NUM_THREADS", "", False),
     ("OMP_NUM_THREADS", "0", False), ("OMP_NUM_THREADS", "-4", False),
     ("OMP_NUM_THREADS", "many", False), ("OMP_NUM_THREADS", "9" * 5000, False)],
)  # fmt: skip
def test_a_width_and_numbers_of_threads_are_such(variable, text, stays, monkeypatch):
    monkeypatch.setenv(variable, text)
    mend_variables()
    assert (variable in os.environ) is stays


def test_a_run_is_the_first_process_whatever_another_program_left(monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "abc")
    monkeypatch.setenv("RANK", "3")
    monkeypatch.setenv("PL_TRAINER_PRECISION", "bf16-true")
    forget_other_trainings()
    assert {name: os.environ[name] for name in RANKS if name in os.environ} == {"RANK": "0"}
    assert "PL_TRAINER_PRECISION" not in os.environ


def test_what_libraries_would_refuse_or_warn_of_is_dropped(monkeypatch):
    monkeypatch.setenv("WANDB_RESUME", "")
    monkeypatch.setenv("WANDB_PROJECT", "mine")
    monkeypatch.setenv("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "nonsense")
    mend_variables()
    assert "WANDB_RESUME" not in os.environ
    assert os.environ["WANDB_PROJECT"] == "mine"
    assert "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE" not in os.environ


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1, 0", "1, 0"),
        ("GPU-12345678901234,MIG-12345678901234", "GPU-12345678901234,MIG-12345678901234"),
        ("0, " + "9" * 5000, "0,-1"),
    ],
)
def test_a_number_that_torch_cannot_read_is_of_no_gpu(text, expected, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    mend_variables()
    assert os.environ["CUDA_VISIBLE_DEVICES"] == expected


def test_caches_of_libraries_are_below_the_chosen_one_unless_they_say_otherwise(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", BELOW_A_FILE)
    for variable in module.CACHES_OF_LIBRARIES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TRITON_CACHE_DIR", "/own")
    mend_variables()
    keep_library_caches_in(None)
    assert "CUDA_CACHE_PATH" not in os.environ
    keep_library_caches_in(BELOW_A_FILE)
    assert "CUDA_CACHE_PATH" not in os.environ
    keep_library_caches_in(str(tmp_path))
    assert os.environ["TRITON_CACHE_DIR"] == "/own"
    assert os.environ["MPLCONFIGDIR"] == str(tmp_path / "matplotlib")
    assert os.environ["TORCHINDUCTOR_CACHE_DIR"] == str(tmp_path / "inductor")


VALUES = st.one_of(
    st.sampled_from(["", "0", "-1", "1", "none", "/", "/proc/nothing", BELOW_A_FILE, "9" * 30]),
    st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), max_size=8),
    st.binary(max_size=6).map(lambda raw: os.fsdecode(raw.replace(b"\0", b""))),
    st.just("x" * 5000),
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.dictionaries(st.sampled_from(LISTED), VALUES, max_size=8))
def test_any_variables_let_runs_be_planned_and_figures_be_imported(variables):
    from ensemble_switchover import plan
    from ensemble_switchover.machine.hardware import gpus

    before = dict(os.environ)
    try:
        os.environ.update(variables)
        tempfile.tempdir = None
        mend_variables()
        gpus.cache_clear()
        assert plan.main(["design=deq", "k=2", "logger=none"]) in (0, 1, 2)
        assert has_backend(os.environ.get("MPLBACKEND", "agg"))
        assert Path(tempfile.gettempdir()).is_dir()
    finally:
        os.environ.clear()
        os.environ.update(before)
        gpus.cache_clear()


COMMANDS = """
import sys
from importlib import import_module

def run(name, *arguments):
    sys.argv = [name, *arguments]
    main = import_module(f"ensemble_switchover.{name}").main
    assert not main(list(arguments)) if name != "app" else main() is None

FRACTALS = ("dataset=fractals", "dataset.num_classes=2", "dataset.train_images=20",
            "dataset.test_images=20", "budget.depth=8", "budget.width=2", "epochs=1")
run("plan", *FRACTALS)
run("app", *FRACTALS, "device=cpu", "logger.mode=offline", "measurement.latency_seconds=0.01",
    "measurement.latency_batch_sizes=[1]", "measurement.layer_repeats=0")
run("plan", *FRACTALS, "device=cpu", "--calibrate", "0.1")
run("look", *FRACTALS)
run("report", "results/runs")
run("explore", "results/runs")
"""
READ_ONLY = "-all,+dac_read_search"
"""The capability to read what others have, such as this interpreter, and to write nothing."""


@pytest.mark.process
@pytest.mark.slow
def test_a_user_without_a_name_and_a_home_trains_plans_looks_and_reports(tmp_path):
    command = [sys.executable, "-c", COMMANDS]
    variables = {"MPLBACKEND": "nonsense", "LOCAL_RANK": "abc"}
    if os.getuid() == 0 and shutil.which("setpriv"):
        os.chown(tmp_path, 12345, 12345)
        rights = (f"--{kind}={READ_ONLY}" for kind in ("inh-caps", "ambient-caps", "bounding-set"))
        who = ("--reuid=12345", "--regid=12345", "--clear-groups")
        command = ["setpriv", *who, *rights, *command]
    else:
        variables["HOME"] = BELOW_A_FILE
    ended = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    assert (ended.stdout + ended.stderr).count("nothing can be cached") == 1
    assert "the run goes on without it" not in ended.stdout
    assert list(tmp_path.glob("results/runs/wandb/offline-run-*/*.wandb"))
    assert (tmp_path / "sheet.png").is_file()
