"""Environment variables of the shell that started this program, where libraries choke on them.

Libraries trust their variables: one that was inherited from a notebook, a container without a home
or a job of a cluster ends in an error of theirs. So what cannot be meant is replaced here, before
any of them is imported.
"""

from __future__ import annotations

import atexit
import os
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from ensemble_switchover.machine.caches import cache_root, can_be_written
from ensemble_switchover.machine.paths import is_text

MATPLOTLIB_BACKENDS = frozenset({
    "agg", "cairo", "gtk3agg", "gtk3cairo", "gtk4agg", "gtk4cairo", "macosx", "nbagg", "notebook",
    "pdf", "pgf", "ps", "qt5agg", "qt5cairo", "qtagg", "qtcairo", "svg", "template", "tkagg",
    "tkcairo", "webagg", "wx", "wxagg", "wxcairo",
})  # fmt: skip
"""The backends that matplotlib itself has."""
BACKENDS_OF_PACKAGES = {"inline": "matplotlib_inline", "ipympl": "ipympl", "widget": "ipympl"}
"""Further backends, each with the package that has it."""
MODULE_PREFIX = "module://"
"""How matplotlib's name of a backend begins that is a module of another package."""

LIBRARY_FOLDERS = {
    "MPLCONFIGDIR": ".config/matplotlib",
    "WANDB_CACHE_DIR": ".cache/wandb",
    "WANDB_CONFIG_DIR": ".config/wandb",
    "WANDB_DATA_DIR": ".local/share/wandb",
}
"""Variables that name a folder to write to, and the folder below the user's home without them."""
CACHES_OF_LIBRARIES = {
    "CUDA_CACHE_PATH": "cuda",
    "MPLCONFIGDIR": "matplotlib",
    "TORCHINDUCTOR_CACHE_DIR": "inductor",
    "TRITON_CACHE_DIR": "triton",
    "WANDB_CACHE_DIR": "wandb",
    "WANDB_DATA_DIR": "wandb_data",
}
"""Variables that name the caches of libraries, and their folders below `dataset.cache`."""

RANKS = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "NODE_RANK")
"""Variables of a training over several processes, whose first alone would log metrics."""
TORCH_TF32_VARIABLE = "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE"
"""Where it is 1, torch multiplies float32 as TF32, whatever precision is asked for."""
LIGHTNINGS_OPTIONS = "PL_TRAINER_"
"""How the variables begin that Lightning takes options of a training from, such as its precision.
"""
MAX_COLUMNS = 10_000
THREADS = r"[1-9][0-9]{0,5}(,[0-9]{1,6})*"
"""Numbers of threads as OpenMP reads them: one for each level of nesting."""
LONGEST_TEMPORARY_FOLDER = 60
"""Bytes: the system takes at most 107 for a socket, whose own name is added to the folder's."""

_replaced: set[str] = set()
"""The variables whose folder this process chose."""


def mend_variables() -> None:
    """Replace the variables that cannot be meant; the package does so when it is imported."""
    _mend_home()
    _mend_user_name()
    _mend_temporary_folder()
    _mend_numbers()
    _mend_choices()
    backend = os.environ.get("MPLBACKEND")
    if backend is not None and not has_backend(backend):
        os.environ["MPLBACKEND"] = "agg"
    for variable, below_home in LIBRARY_FOLDERS.items():
        folder = Path(os.environ.get(variable) or Path.home() / below_home)
        if not (is_text(str(folder)) and can_be_written(folder)):
            os.environ[variable] = str(Path(_scratch_folder()) / variable.lower())
            _replaced.add(variable)


def forget_other_trainings() -> None:
    """Forget what is meant for another training: its ranks (here each is alone), its options."""
    options = [variable for variable in os.environ if variable.startswith(LIGHTNINGS_OPTIONS)]
    for variable in (*RANKS, *options):
        os.environ.pop(variable, None)
    os.environ["RANK"] = "0"  # it goes before SLURM_PROCID, which a task of a job may have


def has_backend(name: str) -> bool:
    """Tell whether matplotlib can load a backend, without importing either.

    >>> has_backend("module://not_there.backend"), has_backend("Agg"), has_backend("nonsense")
    (False, True, False)
    """
    if name.startswith(MODULE_PREFIX):
        return _is_installed(name.removeprefix(MODULE_PREFIX).partition(".")[0])
    name = name.lower()
    if name in BACKENDS_OF_PACKAGES:
        return _is_installed(BACKENDS_OF_PACKAGES[name])
    return name in MATPLOTLIB_BACKENDS


def keep_library_caches_in(cache: str | None) -> None:
    """Let libraries keep their caches below `dataset.cache`, unless their variables say otherwise.

    Args:
        cache: None for where libraries themselves keep them.
    """
    if cache is None or not can_be_written(cache_root(cache)):
        return
    for variable, name in CACHES_OF_LIBRARIES.items():
        if variable not in os.environ or variable in _replaced:
            os.environ[variable] = str(cache_root(cache).absolute() / name)
            _replaced.add(variable)


def _is_installed(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _mend_home() -> None:
    """Set HOME to a folder that cannot be written where it is no path and the user is unknown."""
    if Path(os.environ.get("HOME", "")).is_absolute():
        return
    try:
        import pwd

        os.environ["HOME"] = pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError):
        os.environ["HOME"] = os.devnull


def _mend_user_name() -> None:
    import getpass

    try:
        getpass.getuser()
    except (ImportError, KeyError, OSError):
        os.environ["LOGNAME"] = f"uid{os.getuid()}"


def _mend_temporary_folder() -> None:
    """Drop a TMPDIR that cannot be written, or is too long for the name of a socket in it."""
    folder = os.environ.get("TMPDIR")
    if folder is None:
        return
    is_short = len(os.fsencode(folder)) <= LONGEST_TEMPORARY_FOLDER
    if not (is_short and Path(folder).is_absolute() and can_be_written(Path(folder))):
        del os.environ["TMPDIR"]


def _mend_numbers() -> None:
    """Drop sizes of the terminal and of pools of threads that are none; end lists of GPUs."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        if variable in os.environ and not re.fullmatch(THREADS, os.environ[variable].strip()):
            del os.environ[variable]
    gpus = os.environ.get("CUDA_VISIBLE_DEVICES")
    if gpus is not None:  # a number that torch cannot read is of no GPU
        os.environ["CUDA_VISIBLE_DEVICES"] = re.sub(r"(^|,)[\s+-]*[0-9]{10,}", r"\1-1", gpus)
    for variable in ("COLUMNS", "LINES"):
        text = os.environ.get(variable, "1")
        if not (text.isascii() and text.isdecimal() and 0 < int(text[:9]) <= MAX_COLUMNS):
            del os.environ[variable]


def _mend_choices() -> None:
    """Drop variables of W&B that are empty, and one of torch that is neither 0 nor 1."""
    for variable in [name for name in os.environ if name.startswith("WANDB_")]:
        if not os.environ[variable]:
            del os.environ[variable]
    if os.environ.get(TORCH_TF32_VARIABLE, "0") not in ("0", "1"):
        del os.environ[TORCH_TF32_VARIABLE]


@cache
def _scratch_folder() -> str:
    """Make a folder that is removed when this process ends."""
    import shutil
    import tempfile

    folder, process = tempfile.mkdtemp(prefix="ensemble_switchover_"), os.getpid()

    def remove() -> None:
        if os.getpid() == process:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)
    return folder
