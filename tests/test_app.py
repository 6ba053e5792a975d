"""The real command line: a mistake ends in one message, quickly, and leaves nothing behind."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ensemble_switchover import app
from ensemble_switchover.config.command_line import version_text
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
         "bugdet.width: no such key; did you mean budget.width? "
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
        (["+junk=1"],
         "junk: no such key; python -m ensemble_switchover --cfg job shows every key"),
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
        (["sweep.together=none"],
         "sweep.together=none: is for a sweep, and this is one run; expected --multirun or "
         "sweep=NAME beside it"),
        (["sweep.page=false"],
         "sweep.page=false: is for a sweep, and this is one run; expected --multirun or sweep=NAME "
         "beside it"),
        (["sweep.together=off"],
         "sweep.together=off: expected one of auto, seeds, none"),
        (["design=single,deq"],
         "design=single,deq: is a list, and this is one run; expected one value, or --multirun to "
         "run each"),
        (["hydra.run.dir=outputs/a"],
         "hydra.run.dir=outputs/a: nothing of a run would be there; expected results=FOLDER or "
         "study=NAME, below which every run has a folder of its own"),
        (["--multirun", "seed=0,1", "hydra.sweep.dir=x"],
         "hydra.sweep.dir=x: nothing of a run would be there; expected results=FOLDER or "
         "study=NAME, below which every run has a folder of its own"),
        (["--multirun", "seed=0,1", "logger=wandb", "logger.name=mine"],
         "logger.name=mine: would be the name of 2 runs; expected one that differs, such as "
         "'logger.name=${design_class.name}_${seed}', or logger.group= or logger.tags="),
        (["--resolve"],
         "The --resolve flag can only be used in conjunction with --cfg or --help"),
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
def test_hydras_own_files_lie_in_the_folder_of_the_run(tmp_path):
    words = ("hydra.output_subdir=.hydra", "hydra.job.chdir=true", "results=here")
    ended = run(*TINY, *words, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    (record,) = tmp_path.glob("here/runs/*/record.json")
    written = {path.name for path in (record.parent / ".hydra").iterdir()}
    assert written == {"config.yaml", "hydra.yaml", "overrides.yaml"}
    assert "- results=here\n" in (record.parent / ".hydra" / "overrides.yaml").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


@pytest.mark.process
def test_hydras_own_files_lie_in_the_folder_of_each_run_of_a_sweep(tmp_path):
    words = ("--multirun", "seed=1,2", "sweep.page=false", "hydra.output_subdir=.hydra")
    assert run(*TINY, *words, folder=tmp_path).returncode == 0
    for record in tmp_path.glob("results/runs/*/record.json"):
        assert len(list((record.parent / ".hydra").iterdir())) == 3
    assert len(list(tmp_path.rglob(".hydra"))) == 2


@pytest.mark.process
def test_the_basic_sweeper_runs_and_prints(tmp_path):
    ended = run("-m", "seed=1,2", *TINY, "hydra/sweeper=basic", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    for seed in (1, 2):
        assert f"2 epochs (digits, scaled from 20 epochs), seed {seed}" in ended.stdout
    assert ended.stdout.count("record.json") == 2

    refused = run("-m", "k=1", "hydra/sweeper=basic", "sweep.hours=1", folder=tmp_path)
    assert refused.returncode == app.EXIT_USAGE
    assert "expected hydra/sweeper=study beside it" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.process
def test_verbose_tells_what_hydra_read_and_what_is_for_the_log(tmp_path):
    ended = run(*TINY, "hydra.verbose=true", folder=tmp_path)
    assert ended.returncode == 0
    assert "Config search path" in ended.stderr
    (record,) = tmp_path.glob("results/runs/*/record.json")
    assert f"\n{record.parent.name}, " in ended.stderr
    assert "epoch 1/2" in ended.stdout
    assert "epoch 1/2" not in ended.stderr


COMPLETION = {
    "bash": "",
    "zsh": "autoload -Uz compinit bashcompinit; compinit -u -D; bashcompinit; emulate sh; ",
}
"""What a shell needs before Hydra's completion, which is written for bash."""


@pytest.mark.process
@pytest.mark.parametrize("shell", COMPLETION)
def test_a_shell_completes_groups_and_keys(shell, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    installed = tmp_path / "ensemble-switchover"
    code = "from ensemble_switchover.app import main; main()"
    installed.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{code}" "$@"\n')
    installed.chmod(0o755)
    script = (
        f'{COMPLETION[shell]}eval "$(ensemble-switchover -sc install=bash)"; '
        'COMP_LINE="ensemble-switchover -m arch=res"; COMP_POINT=${#COMP_LINE}; COMP_CWORD=2; '
        'hydra_bash_completion; echo "${COMPREPLY[@]}"'
    )
    ended = subprocess.run(
        [shell, "-c", script],
        env={**ENVIRONMENT, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert (ended.stdout, ended.stderr) == ("arch=resnet\n", "")


@pytest.mark.process
def test_a_full_disk_is_one_sentence_and_the_same_command_goes_on(tmp_path):
    small = program.run("6000", *TINY, folder=tmp_path, module="tests.small_files")
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


@pytest.mark.process
def test_the_help_names_every_command(tmp_path):
    shown = run("--help", folder=tmp_path).stdout.partition("Groups\n")[0]
    package = Path(app.__file__).parent
    commands = {
        ".".join(path.relative_to(package).with_suffix("").parts).removesuffix(".__main__")
        for path in package.rglob("*.py")
        if re.search(r"parse_arg(ument)?s\((parser, )?arguments\)", path.read_text())
    }
    commands.remove("serving.onnx_cascade")  # which is started beside exported files, as cascade.py
    assert set(re.findall(r"^  ([a-z.]+)   ", shown, flags=re.MULTILINE)) == commands


@pytest.mark.process
def test_the_version_is_that_of_the_program(tmp_path):
    assert run("k=2", "--version", folder=tmp_path).stdout == f"{version_text()}\n"
