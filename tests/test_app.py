"""The real command line: a mistake ends in one message, quickly, and leaves nothing behind."""

import os
import re
import subprocess
import sys
import time

import pytest

from ensemble_switchover import app
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.results.store import read_records
from tests import program

ENVIRONMENT = {**os.environ, "WANDB_MODE": "offline", "OMP_NUM_THREADS": "1"}


def run(*overrides, folder):
    """Run the command in a process that has torch already; what it imports is not the point."""
    environment = {key: value for key, value in ENVIRONMENT.items() if key != app.FULL_ERROR}
    return program.run(*overrides, folder=folder, environment=environment)


@pytest.mark.process
@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["bugdet.width=3"],
         "bugdet.width: no such key; did you mean budget.width or budget.depth? "
         "python -m ensemble_switchover --cfg job shows every key"),
        (["arch=resnett"],
         "arch=resnett: expected one of densenet, resnet, vgg, wide_resnet; did you mean resnet?"),
        (["k=0", "budget.depth=25"],
         "2 problems:\n"
         "  - k=0: expected 1 to 64 members\n"
         "  - budget.depth=25: a resnet has depth 6n+2, n at least 1; nearest: 20 and 26"),
        (["budget=parameters", "budget.parameters=1k"],
         "budget.parameters=1,000: no resnet of depth 26 is that small; "
         "the smallest has 1,595 parameters"),
        (["arch=3"],
         "a group takes the name of an option, such as arch=resnet; int came"),
        (["k=many"], "k=many: expected a value of type Integer"),
        (["+junk=1"], "junk: no such key; expected an existing one, without a +"),
        (["hello"],
         "hello: cannot be read; expected key=value, group=option or lists, and quotes around "
         "other characters: \"key='value'\""),
        (["budget.parameters=5"],
         "budget.parameters: belongs to budget=parameters, which was not chosen"),
        (["sweep.hours=8"],
         "sweep.hours=8.0: is for a sweep, and this is one run; expected --multirun or sweep=NAME "
         "beside it"),
        (["sweep.jobs_per_device=auto"],
         "sweep.jobs_per_device=auto: is for a sweep, and this is one run; expected --multirun or "
         "sweep=NAME beside it"),
        (["sweep.seeds=[0,1]"],
         "sweep.seeds=[0, 1]: is set by a sweep for its jobs; expected seed= or design= and k= "
         "instead"),
        (["seed=1,2", "sweep.seeds=[0,1]", "--multirun"],
         "sweep.seeds=[0,1]: is set by a sweep for its jobs; expected seed= or design= and k= "
         "instead"),
        (["seed=1,2", "k=0", "--multirun"], "k=0: expected 1 to 64 members"),
        (["k=0", "--multirun", "seed=1,2"], "k=0: expected 1 to 64 members"),
        (["k=0", "--multirun", "--cfg", "job"],
         "Only one of --run, --multirun, --cfg, --info and --shell_completion can be specified"),
        ([f"seed=1{'0' * 5000}"], "seed: a number of 5,001 digits came; expected at most 300"),
        (["seed=9223372036854775808"],
         "seed=9223372036854775808: expected 0 to 9007199254740991"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_message_and_leaves_nothing_behind(overrides, message, tmp_path):
    ended = run(*overrides, folder=tmp_path)
    assert ended.stderr == f"{message}\n"
    assert ended.stdout == ""
    assert ended.returncode == app.EXIT_USAGE == 2
    assert list(tmp_path.iterdir()) == []


TINY = (
    "logger=none", "epochs=2", "device=cpu", "threads=1", "dataset.train_size=40",
    "dataset.test_size=60", "measurement.latency_batch_sizes=[]", "budget.depth=8",
    "budget.width=4",
)  # fmt: skip


def left_alone(*overrides, folder):
    """Run a command whose output and error output nobody reads; return its exit code."""
    process = program.start(*overrides, folder=folder)
    process.stdout.close()
    process.stderr.close()
    while process.poll() is None:
        time.sleep(0.02)
    return process.returncode


@pytest.mark.process
@pytest.mark.parametrize(
    ("words", "num_runs"),
    [
        ([], 1),
        (["--multirun", "seed=1,2"], 2),
        (["--multirun", "seed=1,2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"], 2),
    ],
)
def test_readers_that_leave_end_the_printing_and_no_run(words, num_runs, tmp_path):
    assert left_alone(*words, *TINY, folder=tmp_path) == 0
    assert len(read_records(tmp_path / "results").records) == num_runs


@pytest.mark.process
def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(tmp_path):
    small = program.run("3000", *TINY, folder=tmp_path, module="tests.small_files")
    assert small.returncode == 1
    (told,) = small.stderr.splitlines()
    assert told.startswith("results/runs: File too large; files may not be that large there")
    assert told.endswith("no run has failed by it, and the same command goes on")
    assert "no checkpoint after epoch 2: " in small.stdout
    assert "Traceback" not in small.stdout + small.stderr
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert run(*TINY, folder=tmp_path).returncode == 0
    assert len(read_records(tmp_path / "results").records) == 1


@pytest.mark.process
def test_a_sweep_on_a_full_disk_says_it_once(tmp_path):
    words = ("--multirun", "seed=1,2,3", *TINY)
    ended = program.run("20", *words, folder=tmp_path, module="tests.small_files")
    assert ended.returncode == 1
    assert ended.stderr.count("File too large") == 1
    assert "3 failed" in ended.stdout
    assert len(re.findall(r"_seed[123]_\w+ +the same", ended.stdout)) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.process
def test_a_mistake_is_told_without_torch(tmp_path):
    code = (
        "import sys\n"
        "from ensemble_switchover.app import main\n"
        "try:\n"
        "    main()\n"
        "except SystemExit as ending:\n"
        "    heavy = {'torch', 'pytorch_lightning', 'torchvision', 'wandb'} & set(sys.modules)\n"
        "    print(ending.code, sorted(heavy))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, "k=0"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.stdout == "2 []\n"
    assert ended.stderr == "k=0: expected 1 to 64 members\n"


@pytest.mark.process
def test_hydras_full_error_is_had_by_its_variable(tmp_path):
    environment = {**ENVIRONMENT, app.FULL_ERROR: "1"}
    ended = program.run("arch=resnett", folder=tmp_path, environment=environment)
    assert "Traceback" in ended.stderr
    assert "MissingConfigException" in ended.stderr
    assert ended.returncode == 1


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        ((), "single: 1 resnet 26x8 (depth x width) on digits, 92,322 parameters, 100 % of the "
             "budget of 26x8; 20 epochs (digits), seed 0"),
        (("arch=wide_resnet", "dataset=cifar10", "design=deq", "seed=3"),
         "deq: 4 wide_resnets 28x1 (depth x width) on cifar10, 1,477,992 parameters, 25 % of the "
         "budget of 28x4; 200 epochs (Table A), seed 3"),
        (("epochs=1",), "single: 1 resnet 26x8 (depth x width) on digits, 92,322 parameters, "
                        "100 % of the budget of 26x8; 1 epoch (digits, scaled from 20 epochs), "
                        "seed 0"),
    ],
)  # fmt: skip
def test_a_run_is_described_in_one_line(overrides, line, compose_config):
    assert app.describe(resolve(compose_config(*overrides))) == line


@pytest.mark.process
def test_the_help_names_every_option_of_every_group(tmp_path):
    shown = run("--help", folder=tmp_path).stdout
    for group in app.conf_folder().iterdir():
        if group.is_dir():
            for option in group.glob("*.yaml"):
                (line,) = [
                    text for text in shown.splitlines() if text.startswith(f"  {group.name} ")
                ]
                assert option.stem in line.split()[-1].split("|")


@pytest.mark.process
def test_a_wrong_option_is_told_with_the_command_that_is_typed(tmp_path):
    ended = run("k=2", "--multi-run", "seed=0,1", folder=tmp_path)
    assert ended.returncode == app.EXIT_USAGE
    assert ended.stderr.startswith("usage: python -m ensemble_switchover [")
    assert "python -m ensemble_switchover: error: " in ended.stderr
    assert "__main__" not in ended.stderr
