"""The wheel carries the configuration, and runs elsewhere without this repository."""

import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path

import pytest

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("wheel")]

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Install the wheel into an environment of its own that borrows the dependencies."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            folder,
            REPOSITORY,
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps",
         "--no-index", "--disable-pip-version-check", wheel],
        check=True,
    )  # fmt: skip
    purelib = sysconfig.get_path("purelib", vars={"base": environment, "platbase": environment})
    (Path(purelib) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def test_the_source_distribution_has_all_that_the_tests_read(tmp_path):
    if not (REPOSITORY / ".git").exists():
        pytest.skip("these are the files of a source distribution, and no repository")
    command = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--outdir", tmp_path]
    subprocess.run([*command, REPOSITORY], check=True, capture_output=True)
    (path,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    folders = ("conf", "docs", "benchmarks", "ensemble_switchover", "notebooks", "tests")
    expected = {name for name in tracked.stdout.splitlines() if name.startswith(folders)}
    assert expected | {"Makefile", "requirements.lock", "package.json"} <= names


def test_a_run_from_another_folder(elsewhere, tmp_path):
    where = subprocess.run(
        [elsewhere, "-c", "import ensemble_switchover; print(ensemble_switchover.__file__)"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert str(elsewhere.parent.parent) in where.stdout

    result = subprocess.run(
        [elsewhere, "-m", "ensemble_switchover", "logger=wandb", "epochs=1", "device=cpu",
         "dataset.train_size=40", "dataset.test_size=60", "budget.depth=8", "budget.width=4",
         "design=deq", "k=2", "measurement.latency_batch_sizes=[1]"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip

    assert (result.returncode, result.stderr) == (0, "")  # no warning of any import
    assert len(list((tmp_path / "results").rglob("record.json"))) == 1


def test_the_report_from_another_folder(elsewhere, tmp_path):
    result = subprocess.run(
        [elsewhere, "-m", "ensemble_switchover.report", "nowhere"],
        cwd=tmp_path, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 2
    assert "nowhere" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_explorer_from_another_folder(elsewhere, tmp_path):
    code = """
from ensemble_switchover.results.shipped import unpack_study
unpack_study("demo", "results")
"""
    subprocess.run([elsewhere, "-c", code], cwd=tmp_path, check=True, capture_output=True)

    result = subprocess.run(
        [elsewhere, "-m", "ensemble_switchover.explore", "results/demo"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip

    assert result.stdout.strip() == str(Path("results/demo/explorer.html"))
    assert "Observable Plot" in (tmp_path / result.stdout.strip()).read_text("utf-8")
