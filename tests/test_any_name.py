"""Whatever a study, a folder of results or of images, or a class is called, it is found again.

Or it is refused in one sentence, before anything is loaded. Otherwise the run is found under the
name that was typed by every command, and by the commands that are printed, as bash and zsh read
them.
"""

import os
import re
import shutil
import subprocess
import tempfile
from contextlib import chdir, suppress
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from omegaconf.errors import OmegaConfBaseException
from PIL import Image

from ensemble_switchover import advise, dashboard, explore, export, look, plan, report
from ensemble_switchover.config.command_line import path_argument
from ensemble_switchover.config.compose import compose_overrides
from ensemble_switchover.config.dataset_folders import dataset_root
from ensemble_switchover.config.error_messages import message_for
from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.config.image_folder import read_image_folder
from ensemble_switchover.config.override_texts import keep_texts
from ensemble_switchover.config.quoting import hydra_text, shell_override
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import plain, typed
from ensemble_switchover.config.store_names import expected_of_name
from ensemble_switchover.errors import EnsembleSwitchoverError
from ensemble_switchover.machine.shell import shell_path
from ensemble_switchover.machine.terminal import printable
from ensemble_switchover.results import __main__ as results
from ensemble_switchover.results.rerun_command import CommandWriter
from ensemble_switchover.results.store import write_record
from tests import program
from tests.factories import make_record
from tests.reporting.undrawn import ENCODE, draw_nothing

pytestmark = pytest.mark.slow

MISTAKES = (HydraException, OmegaConfBaseException, EnsembleSwitchoverError)
SHELLS = [["bash", "--norc"], *([["zsh", "-f"]] if shutil.which("zsh") else [])]
ODD = (
    b"2024_05_01", b"1e3", b"true", b"null", b"???", b"~", b"~root", b"-x", b"--out", b"a,b", b"=",
    b"a=b", b"${seed}", b"$(ls)", b"it's", b'"', b"\\", b"a\\,b", b" ", b" a ", b"[a]", b"{a:1}",
    b"choice(1,2)", b"glob(*)", b"caf\xc3\xa9", b"caf\xe9", b"\t", b"a\nb", b"\x1b[2J", b"\xc2\xa0",
    b"#", b"*", b"'a'", b"wandb", b"report", b"record.json", b".unfinished", b"...", b"k=2", b"%s",
)  # fmt: skip
NAMES = (
    st.sampled_from(ODD)
    | st.binary(min_size=1, max_size=20)
    | st.text("aé1 _,='\"\\${}()[]~-.:#&*", min_size=1, max_size=6).map(str.encode)
).filter(lambda name: not {0, 47} & set(name) and name not in (b".", b".."))
"""Names of files as POSIX has them."""
NUM_WHOLE_COMMANDS = 6
"""So many names are tried with commands that take long."""


def some_names(number):
    """Try a test with so many names."""
    quiet = settings(
        max_examples=number,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )
    return lambda test: quiet(given(NAMES.map(os.fsdecode))(test))


def specs_of(*overrides):
    """Resolve one run as the command line does; return it and its configuration, or nothing.

    What refuses it is one sentence that can be printed.
    """
    try:
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            config = typed(compose("config", keep_texts(["device=cpu", *overrides])))
        return [(resolve(config), config)]
    except MISTAKES as error:
        text = message_for(error)
        assert text
        assert "\n" not in text
        printable(text).encode()
        return []


def as_typed(key, name):
    """Write an override as it is, if Hydra's grammar gives it no other meaning, and in quotes."""
    in_quotes = f"{key}={hydra_text(name)}"
    has_meaning = name[0] in "'\"" or "${" in name or "(" in name or name == "null"
    return [in_quotes] if has_meaning else [f"{key}={name}", in_quotes]


def as_shells_read(words):
    """Return some words of a printed line as every shell here reads them."""
    read = []
    for shell in SHELLS:
        script = f"printf '%s\\0' {' '.join(words)}"
        ran = subprocess.run([*shell, "-c", script], capture_output=True, check=True)
        read.append([os.fsdecode(word) for word in ran.stdout.split(b"\0")[:-1]])
    assert all(found == read[0] for found in read)
    return read[0]


def is_found(folder, capsys):
    """Check that every command that reads records finds the one run of a study."""
    given = str(folder) if folder.is_absolute() else f"./{folder}"
    run = next(path for path in folder.iterdir() if path.name.startswith("resnet"))
    for command, arguments, shown in (
        (results, [given], "1 finished"),
        (explore, [given], "explorer.html"),
        (advise, [given], "resnet"),
        (dashboard, [given, "--dry-run"], ": 1 run"),
    ):
        assert command.main(arguments) == 0
        assert shown in capsys.readouterr().out
    assert export.main([f"{given}/{run.name}", "--format", "torch_export"]) == 2
    assert "the run kept no weights" in capsys.readouterr().err


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Work in an empty folder, and have another one as home."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(ENCODE, draw_nothing)
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    with chdir(tmp_path / "here"):
        yield tmp_path / "here"


def test_any_study_is_found_under_its_name_or_refused(home, capsys):
    paths, options = {}, {}

    @some_names(25)
    def check(name):
        found = [specs_of(override) for override in as_typed("study", name)]
        assert all(spec.study == name for specs in found for spec, _ in specs)
        if expected_of_name(name) is None and name != "???":
            assert found[-1], "the name in quotes is one that a study can have"
        for spec, _ in found[-1]:
            record = make_record(study=name)
            write_record(spec.study_folder / record.name, record)
            paths[shell_path(spec.study_folder)] = spec.study_folder
            options[shell_override("study", name)] = name
            is_found(spec.study_folder, capsys)

    check()
    read = [path_argument(word) for word in as_shells_read(paths)]
    assert read == list(paths.values())
    for word, name in zip(as_shells_read(options), options.values(), strict=True):
        assert specs_of(word)[0][0].study == name
    assert report.main([str(list(paths.values())[-1])]) == 0
    assert results.main(["results"]) == 0
    assert f"{len(paths)} runs: {len(paths)} finished" in capsys.readouterr().out


def test_any_folder_of_results_is_found_under_its_name_or_refused(home, capsys):
    paths = {}

    @some_names(20)
    def check(name):
        for override in as_typed("results", name):
            for spec, _ in specs_of(override):
                if not name.startswith("~"):  # a home folder
                    assert os.fspath(spec.results) == name
        for spec, _ in specs_of(f"results={hydra_text(f'./{name}')}"):
            assert spec.results.absolute() == home / name
            record = make_record(study="runs")
            write_record(spec.study_folder / record.name, record)
            paths[shell_path(spec.study_folder)] = home / name / "runs"
            is_found(spec.study_folder, capsys)

    check()
    assert paths
    read = [path_argument(word).absolute() for word in as_shells_read(paths)]
    assert read == list(paths.values())


def make_images(folder):
    folder.mkdir(parents=True)
    for number in range(3):
        Image.new("L", (8, 8), 60 * number).save(folder / f"{number}.png")


def test_any_folder_of_images_is_read_under_its_name_or_refused(home):
    commands, roots, options, writer = [], [], {}, CommandWriter()

    @some_names(15)
    def check(name):
        if not (home / name).exists():
            make_images(home / name / "a")
            make_images(home / name / "b")
        for text in (name, f"./{name}"):
            for override in as_typed("dataset.root", text):
                for spec, config in specs_of("dataset=folder", override):
                    root = dataset_root(spec.dataset)
                    assert root.samefile(home / name) or text.startswith("~")
                    assert (spec.dataset.num_classes, spec.dataset.train_images) == (2, 4)
                    record = make_record()
                    record.config.update(plain(config))
                    commands.append(writer.write([record]))
                    roots.append(root)
                    options[override] = None

    check()
    assert commands
    for override in [*options][:NUM_WHOLE_COMMANDS]:
        assert plan.main(["dataset=folder", "device=cpu", override]) == 0
        assert look.main(["dataset=folder", "device=cpu", override]) == 0
    for command, root in zip(commands, roots, strict=True):
        words = [word for word in as_shells_read([command]) if "=" in word]
        ((config,),) = [configs for _, configs in compose_overrides(words)]
        assert dataset_root(config.dataset) == root


def test_any_class_is_read_under_its_name_or_refused(home):
    looked = set()

    @some_names(15)
    def check(name):
        with tempfile.TemporaryDirectory(dir=home) as root:
            make_images(Path(root, "plain"))
            with suppress(FileExistsError):
                make_images(Path(root, name))
            for spec, _ in specs_of("dataset=folder", f"dataset.root={root}"):
                assert spec.dataset.num_classes == 2
                assert name in read_image_folder(Path(root)).class_names
                name.encode()
                if len(looked) < NUM_WHOLE_COMMANDS:
                    looked.add(name)
                    assert plan.main(["dataset=folder", "device=cpu", f"dataset.root={root}"]) == 0
                    assert look.main(["dataset=folder", "device=cpu", f"dataset.root={root}"]) == 0

    check()
    assert looked


@pytest.mark.process
def test_a_run_is_found_by_the_lines_that_it_prints(tmp_path):
    study, folder = "2024_05_01, it's été & #1 [$x]", "my 'results' ~"
    words = [
        f"study={hydra_text(study)}",
        f"results={hydra_text(f'~/{folder}')}",
        *("logger=wandb", "logger.mode=offline", "epochs=1", "device=cpu", "budget.depth=8"),
        *("dataset.train_size=40", "dataset.test_size=60", "recipe.batch_size=16"),
        *("measurement.latency_batch_sizes=[1]", "measurement.latency_seconds=0.01"),
    ]
    environment = {**os.environ, "HOME": str(tmp_path), "WANDB_MODE": "offline"}
    ran = program.run(*words, folder=tmp_path, environment=environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    record = Path(ran.stdout.splitlines()[-1])
    assert record.is_relative_to(tmp_path / folder / study)
    assert record.is_file()
    (synced,) = re.findall(r"wandb sync (.*)", ran.stdout)
    (path,) = as_shells_read([synced])
    assert list(Path(path).glob("*.wandb"))
    assert not (tmp_path / "~").exists()
    refused = program.run(*words, f"study={study}", folder=tmp_path, environment=environment)
    assert refused.returncode == 2
    (line,) = refused.stderr.splitlines()
    (option,) = as_shells_read([line.partition("quotes: ")[2].partition(", or for several")[0]])
    again = program.run(*words, option, folder=tmp_path, environment=environment)
    assert f"reused: {record}" in again.stdout
