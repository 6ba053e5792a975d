import csv

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner import active_run
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.tracking import loggers


@pytest.fixture
def trained(tiny_spec, log_lines):
    def train(*overrides):
        spec, config = tiny_spec("budget.depth=8", "budget.width=4", *overrides)
        run_job(spec, config, concurrent_jobs=1)
        return read_record(spec.folder / RECORD_FILE), spec, log_lines

    return train


def test_csv(trained):
    record, spec, _ = trained("logger=csv", "epochs=2")
    (path,) = (spec.results / spec.study / "logs").rglob("metrics.csv")
    rows = list(csv.DictReader(path.read_text().splitlines()))
    errors = [float(row["test/error_percent"]) for row in rows if row["test/error_percent"]]
    assert errors == pytest.approx([epoch.error_percent for epoch in record.epochs])
    (wall_seconds,) = [row["summary/wall_seconds"] for row in rows if row["summary/wall_seconds"]]
    assert float(wall_seconds) == pytest.approx(record.wall_seconds)


def test_an_epoch_without_evaluation_has_no_error_in_csv(trained):
    record, spec, _ = trained("logger=csv", "epochs=3", "evaluate_every=2")
    (path,) = (spec.results / spec.study / "logs").rglob("metrics.csv")
    rows = {row["epoch"]: row for row in csv.DictReader(path.read_text().splitlines())}
    for epoch in record.epochs:
        row = rows[str(float(epoch.epoch))]
        assert float(row["train/train_loss_nats"]) == pytest.approx(epoch.train_loss_nats)
        assert (row["test/error_percent"] != "") == (epoch.epoch > 1)
        assert (row["test/evaluation_seconds"] != "") == (epoch.epoch > 1)


def test_tensorboard(trained):
    _, spec, _ = trained("logger=tensorboard")
    assert list((spec.results / spec.study / "logs").rglob("events.out.tfevents.*"))


@pytest.mark.usefixtures("every_epoch_kept")
def test_an_interrupted_run_has_each_epoch_once_in_tensorboard(tiny_spec, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    spec, config = tiny_spec("logger=tensorboard", "budget.depth=8", "budget.width=4", "epochs=3")

    def stop(folder, checkpoint):
        write(folder, checkpoint)
        if checkpoint.num_epochs == 2:
            raise KeyboardInterrupt

    write = active_run.write_checkpoint
    with monkeypatch.context() as patch:
        patch.setattr(active_run, "write_checkpoint", stop)
        with pytest.raises(KeyboardInterrupt):
            run_job(spec, config, concurrent_jobs=1)
    run_job(spec, config, concurrent_jobs=1)
    told = EventAccumulator(str(spec.study_folder / "logs" / spec.name))
    told.Reload()
    assert [event.step for event in told.Scalars("test/error_percent")] == [1, 2, 3]


def test_a_missing_package_is_said_before_training(tiny_spec, monkeypatch):
    def start(*arguments, **keywords):
        raise ModuleNotFoundError("No module named 'tensorboard'")

    monkeypatch.setattr(loggers.lightning_loggers, "TensorBoardLogger", start)
    spec, config = tiny_spec("logger=tensorboard", "budget.depth=8", "budget.width=4")
    with pytest.raises(ConfigError, match=r"logger=tensorboard: .*pip install"):
        run_job(spec, config, concurrent_jobs=1)


def test_a_fault_at_the_start_is_told_once_and_costs_nothing(trained, monkeypatch):
    import wandb

    def fault(*arguments, **keywords):
        raise wandb.errors.CommError("no route to host\nand more")

    monkeypatch.setattr(wandb, "init", fault)
    record, _, lines = trained("logger=wandb", "epochs=2")
    assert len(record.epochs) == 2
    told = [line for line in lines if "the run goes on without it" in line]
    assert told == ["logger=wandb: no route to host; the run goes on without it"]
