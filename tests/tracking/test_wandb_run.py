import os
from pathlib import Path

import pytest
import wandb
from PIL import Image

from ensemble_switchover.config.schema import LoggerConfig
from ensemble_switchover.results.store import read_records
from ensemble_switchover.runner.job import Ending, run_job
from ensemble_switchover.tracking import wandb_run as wandb_log
from ensemble_switchover.tracking.loggers import MetricLog
from ensemble_switchover.tracking.wandb_logger import WandbRunLogger
from tests import program
from tests.tracking.wandb_file import read_wandb_file

pytestmark = pytest.mark.slow

KEY = "0123456789abcdef0123456789abcdef01234567"
WORDS = ("logger=wandb", "epochs=2", "budget.depth=8", "budget.width=4")

TINY = (
    *WORDS,
    "device=cpu",
    "dataset.train_size=40",
    "dataset.test_size=60",
    "measurement.latency_batch_sizes=[1]",
)


@pytest.fixture(scope="module")
def runs(logged_study):
    """Record -> what its offline file holds."""
    told = {file.name: file for file in map(read_wandb_file, offline_files(logged_study))}
    return [(record, told[record.name]) for record in read_records(logged_study).records]


@pytest.fixture
def run(tiny_spec, log_lines):
    """Run a cell; return its outcome, its study's folder and the lines that it told."""

    def start(*overrides):
        spec, config = tiny_spec(*WORDS, *overrides)
        log_lines.clear()
        outcome = run_job(spec, config, concurrent_jobs=1)
        return outcome, spec.study_folder, list(log_lines)

    return start


def offline_files(folder):
    return sorted(folder.glob("wandb/offline-run-*/*.wandb"))


def test_every_job_has_a_run_of_its_own(runs, logged_study):
    assert len(runs) == 2
    assert len(offline_files(logged_study)) == 2
    assert all(told.exit_code == 0 for _, told in runs)


def test_the_offline_file_holds_the_metrics_of_the_record(runs):
    for record, told in runs:
        assert [row["epoch"] for row in told.history] == [1, 2]
        for row, epoch in zip(told.history, record.epochs, strict=True):
            assert row["test/error_percent"] == pytest.approx(epoch.error_percent)
            assert row["test/nll_nats"] == pytest.approx(epoch.nll_nats)
            assert row["train/training_seconds"] == pytest.approx(epoch.training_seconds)
            for member in range(record.design.k):
                assert row[f"member_{member}/error_percent"] == pytest.approx(
                    epoch.member_error_percent[member]
                )
            assert ("test/disagreement" in row) == (record.design.k > 1)


def test_the_x_axis_is_the_epoch(runs):
    assert all(told.step_metrics["*"] == "epoch" for _, told in runs)


def test_the_summary_is_that_of_the_record(runs):
    for record, told in runs:
        summary = told.summary
        assert summary["summary/parameters"] == record.design.parameters
        assert summary["summary/wall_seconds"] == pytest.approx(record.wall_seconds)
        assert summary["summary/error_percent"] == pytest.approx(record.epochs[-1].error_percent)
        assert summary["summary/epoch_seconds"] == pytest.approx(record.epochs[1].training_seconds)
        for latency in record.latencies:
            which = "_single" if latency.model == "single" else ""
            if latency.execution == "sequential":
                name = f"latency/batch_{latency.batch_size}{which}_median_ms_per_image"
                assert summary[name] == pytest.approx(latency.median_ms_per_image)
        own = [entry for entry in record.latencies if entry.model == "run"]
        for size in {entry.batch_size for entry in own}:
            fastest = min(one.median_ms_per_image for one in own if one.batch_size == size)
            name = f"latency/batch_{size}_fastest_median_ms_per_image"
            assert summary[name] == pytest.approx(fastest)


def test_a_run_is_found_by_group_tags_and_facts(runs):
    for record, told in runs:
        design = record.design
        assert (told.group, told.job_type) == ("tiny", "run")
        assert set(told.tags) == {
            design.design_class,
            "resnet",
            "digits",
            f"k={design.k}",
            "tiny",
        }
        facts = told.config["resolved"]
        assert facts["parameters"] == design.parameters
        assert facts["budget_parameters"] == record.budget.parameters
        assert facts["fingerprint"] == record.fingerprint
        assert facts["device_name"] == record.environment.device_name
        assert told.config["arch"]["family"] == "resnet"


def test_the_record_is_an_artifact(runs):
    for record, told in runs:
        files = told.artifacts[f"record/record-{record.fingerprint}"]
        assert {"config.yaml", "record.json"} <= set(files)


def test_a_finished_run_is_not_logged_again(run):
    _, folder, _ = run()
    outcome, _, lines = run()
    assert outcome.ending is Ending.REUSED
    assert len(offline_files(folder)) == 1
    assert sum("W&B" in line for line in lines) == 0


def test_a_failed_run_is_marked_as_one(tiny_spec, monkeypatch):
    spec, config = tiny_spec(*WORDS)

    def fail(self, *_):
        raise RuntimeError("planted")

    monkeypatch.setattr(MetricLog, "epoch", fail)
    with pytest.raises(RuntimeError, match="planted"):
        run_job(spec, config, concurrent_jobs=1)
    (file,) = offline_files(spec.study_folder)
    assert read_wandb_file(file).exit_code == 1


def test_names_tags_and_notes_are_the_users(run):
    _, folder, _ = run(
        "design=single", "k=2", "logger.name=mine", "logger.group=others", "logger.tags=[a,seed]",
        "logger.notes=before the holidays",
    )  # fmt: skip
    (file,) = offline_files(folder)
    told = read_wandb_file(file)
    assert (told.name, told.group, told.notes) == ("mine", "others", "before the holidays")
    assert {"a", "seed", "k=1", "single"} <= set(told.tags)
    assert told.config["k"] == 1


def test_figures_are_a_run_of_their_own(tmp_path, log_lines):
    picture = tmp_path / "heat_map.png"
    Image.new("RGB", (4, 4)).save(picture)
    config = LoggerConfig(kind="wandb", mode="offline")
    wandb_log.log_figures(config, tmp_path, "demo", {"figures/heat_map": picture})
    (file,) = offline_files(tmp_path)
    told = read_wandb_file(file)
    assert (told.group, told.job_type) == ("demo", "figures")
    assert told.history[0]["figures/heat_map/_type"] == "image-file"
    (logged,) = file.parent.rglob("heat_map*.png")
    assert logged.read_bytes() == picture.read_bytes()
    assert len(log_lines) == 1


@pytest.fixture
def login(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    monkeypatch.delenv("WANDB_MODE")


def test_without_an_answer_the_run_is_kept_offline(run, login, monkeypatch):
    monkeypatch.setattr(wandb_log, "server_answers", lambda url, seconds: False)
    _, folder, lines = run()
    (line,) = [line for line in lines if "W&B" in line]
    assert "does not answer" in line
    (file,) = offline_files(folder)
    assert line.endswith(f"wandb sync {file.parent}")
    assert len(read_wandb_file(file).history) == 2


def test_a_run_that_is_refused_is_kept_offline(run, login, monkeypatch):
    init = wandb.init

    def refuse(**given):
        if given["mode"] == "online":
            raise wandb.errors.CommError("permission denied\nand more")
        return init(**given)

    monkeypatch.setattr(wandb_log, "server_answers", lambda url, seconds: True)
    monkeypatch.setattr(wandb, "init", refuse)
    _, folder, lines = run("logger.mode=online")
    (line,) = [line for line in lines if "W&B" in line]
    assert "(CommError: permission denied)" in line
    (file,) = offline_files(folder)
    assert "test/error_percent" in read_wandb_file(file).summary


@pytest.mark.parametrize("method", ["log_metrics", "_log_record", "finalize"])
def test_a_fault_at_any_moment_is_told_once_and_costs_nothing(run, monkeypatch, method):
    def fault(*arguments, **keywords):
        raise wandb.errors.CommError("no route to host\nand more")

    with monkeypatch.context() as patch:
        patch.setattr(WandbRunLogger, method, fault)
        outcome, folder, lines = run()
    assert outcome.ending is Ending.TRAINED
    assert len(read_records(folder).records) == 1
    told = [line for line in lines if "the run goes on without it" in line]
    assert told == ["logger=wandb: no route to host; the run goes on without it"]


def test_a_full_upload_queue_ends_and_says_where_the_rest_is(run, monkeypatch):
    def never_ends(self, **given):
        raise TimeoutError("finish")

    sent, log_artifact = [], wandb.Run.log_artifact

    def log_once(self, artifact):
        sent.append(artifact.name)
        return log_artifact(self, artifact)

    with monkeypatch.context() as patch:
        patch.setattr(wandb.Run, "log_artifact", log_once)
        patch.setattr(wandb.Run, "finish", never_ends)
        outcome, folder, lines = run()
    wandb.finish()
    assert outcome.ending is Ending.TRAINED
    assert len(sent) == 1
    (line,) = [line for line in lines if "120 s" in line]
    assert f"wandb sync {offline_files(folder)[0].parent}" in line


def stranger(home, **environment):
    """Return the environment of one who has no login."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        **environment,
    }


@pytest.mark.process
def test_a_name_may_follow_from_the_run_also_where_seeds_are_trained_together(tmp_path):
    words = ("--multirun", "seed=0,1", "sweep.together=seeds", "logger.name=of_${seed}")
    ended = program.run(*words, *TINY, folder=tmp_path, environment=stranger(tmp_path))
    assert ended.returncode == 0, ended.stderr
    files = offline_files(tmp_path / "results" / "runs")
    assert {read_wandb_file(file).name for file in files} == {"of_0", "of_1"}


@pytest.mark.process
def test_without_a_login_a_run_is_offline_and_says_so_in_one_line(tmp_path):
    result = program.run(*TINY, folder=tmp_path, environment=stranger(tmp_path))
    assert result.returncode == 0, result.stderr
    (line,) = [line for line in result.stdout.splitlines() if "W&B" in line]
    assert "offline" in line
    assert result.stderr == ""
    folder = tmp_path / line.split("wandb sync ")[1]
    (file,) = folder.glob("*.wandb")
    assert b"test/error_percent" in file.read_bytes()


@pytest.mark.process
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds the process in /proc")
def test_a_killed_service_costs_neither_a_run_nor_the_next_ones_metrics(tmp_path):
    result = program.run(
        *("--multirun", "seed=0,1", "sweep.together=none", *TINY),
        folder=tmp_path,
        module="tests.tracking.kills_its_service",
        environment=stranger(tmp_path),
    )
    folder = tmp_path / "results" / "runs"
    assert result.returncode == 0, result.stderr
    (line,) = result.stderr.splitlines()
    assert line.endswith("the run goes on without it")
    assert len(read_records(folder).records) == 2
    _, file = offline_files(folder)
    second = read_wandb_file(file)
    assert "_seed1_" in second.name
    assert len(second.history) == 2


@pytest.mark.process
def test_a_key_is_never_written(tmp_path):
    result = program.run(
        "dataset.url=https://user:planted-token@example.invalid/digits",
        *TINY,
        folder=tmp_path,
        environment=stranger(
            tmp_path,
            WANDB_API_KEY=KEY,
            WANDB_BASE_URL="http://127.0.0.1:9",  # where nothing listens
        ),
    )
    folder = tmp_path / "results" / "runs"
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "http://127.0.0.1:9 does not answer" in result.stdout
    (record,) = read_records(folder).records
    assert record.config["dataset"]["url"] == "https://example.invalid/digits"
    (file,) = offline_files(folder)
    assert read_wandb_file(file).config["dataset"]["url"] == "https://example.invalid/digits"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 4
    for path in written:
        content = path.read_bytes()
        assert KEY.encode() not in content, path
        assert b"planted-token" not in content, path
