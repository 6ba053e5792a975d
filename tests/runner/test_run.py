"""One tiny epoch of every family and design class on real digits, to a record and back."""

import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.config.run_spec import resolve
from ensemble_switchover.errors import ConfigError, TrainingError
from ensemble_switchover.planning.cost import memory_bytes
from ensemble_switchover.results.layout import RECORD_FILE
from ensemble_switchover.results.predictions import load_predictions
from ensemble_switchover.results.store import read_record, write_record
from ensemble_switchover.runner import final_measurements as measuring
from ensemble_switchover.runner import kept_predictions as prediction_files
from ensemble_switchover.runner import out_of_memory, run
from ensemble_switchover.sweep.run_sweep import run_job_of_sweep
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import use_precision

SMALL = {"resnet": (14, 8), "densenet": (13, 8), "wide_resnet": (16, 1)}


@pytest.mark.parametrize("design_class", ["single", "deq", "weq"])
@pytest.mark.parametrize("family", sorted(SMALL))
def test_every_family_and_design_class_trains(family, design_class, tiny_spec, tmp_path, log_lines):
    depth, width = SMALL[family]
    spec, config = tiny_spec(
        f"arch={family}",
        f"design={design_class}",
        "k=2",
        f"budget.depth={depth}",
        f"budget.width={width}",
        "budget.source=nearest",
    )

    record = run.train_and_measure(spec, config, concurrent_jobs=2)

    write_record(tmp_path / "run", record)
    assert read_record(tmp_path / "run" / RECORD_FILE) == record
    k = 1 if design_class == "single" else 2
    (epoch,) = record.epochs
    assert record.design.k == k == len(epoch.member_test_errors) == len(record.member_seeds)
    assert record.design.design_class == design_class
    assert record.design.parameters == k * record.design.member_parameters
    assert 0 < epoch.test_error < 100
    assert epoch.train_seconds == pytest.approx(sum(epoch.member_train_seconds))
    assert epoch.train_seconds > 0
    assert epoch.evaluation_seconds > 0
    assert (epoch.disagreement is None) == (k == 1)
    assert epoch.peak_rss_bytes > 0
    assert epoch.peak_device_bytes is None
    own = [one for one in record.latencies if (one.model, one.execution) == ("run", "sequential")]
    assert [latency.batch_size for latency in own] == [1, 4]
    single = [one for one in record.latencies if one.model == "single"]
    assert [latency.batch_size for latency in single] == ([] if k == 1 else [1, 4])
    assert all(latency.median_ms_per_image > 0 for latency in record.latencies)
    layers = {entry.kind: entry for entry in record.layer_times}
    assert layers["convolution"].num_layers + layers["linear"].num_layers >= record.design.depth
    assert all(entry.median_ms >= 0 for entry in record.layer_times)
    assert len(epoch.member_nlls) == len(epoch.member_briers) == len(epoch.member_eces) == k
    assert epoch.member_peak_device_bytes == []
    assert epoch.compile_seconds == 0
    assert record.environment.concurrent_jobs == 2
    assert record.environment.execution == "sequential"
    assert record.config["arch"]["family"] == family
    assert record.environment.residence == "device"
    assert "execution=auto: sequential" in log_lines[0]
    assert "epoch 1/1" in log_lines[1]
    assert len(log_lines) == 2  # none on where the images are: a CPU computes there


def test_the_same_cell_again_gives_the_same_result(tiny_spec):
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2")
    first, second = (run.train_and_measure(spec, config) for _ in "12")
    for one, other in zip(first.epochs, second.epochs, strict=True):
        assert (one.test_error, one.nll, one.train_loss) == (
            other.test_error,
            other.nll,
            other.train_loss,
        )


def test_another_seed_gives_another_result(tiny_spec):
    results = []
    for seed in (0, 1):
        spec, config = tiny_spec(f"seed={seed}", "budget.depth=8", "budget.width=8")
        results.append(run.train_and_measure(spec, config))
    assert results[0].epochs[0].train_loss != results[1].epochs[0].train_loss
    assert not set(results[0].member_seeds) & set(results[1].member_seeds)


@pytest.mark.parametrize("precision", ["64", "bf16", "16"])
def test_other_precisions_train_and_are_recorded(precision, tiny_spec):
    spec, config = tiny_spec(f"precision={precision}", "budget.depth=8", "budget.width=4")
    record = run.train_and_measure(spec, config)
    assert record.environment.precision == precision


def test_what_the_machine_lacks_is_said():
    with pytest.raises(ConfigError, match="precision=tf32: needs a CUDA device"):
        use_precision("tf32", torch.device("cpu"))
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="device=cuda: this machine has"):
            choose_device("cuda")


def test_float32_is_not_silently_tf32():
    use_precision("32", torch.device("cpu"))
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32


@pytest.mark.parametrize(
    ("augmentation", "operations"), [("standard", (None, None)), ("randaugment", (2, 14))]
)
def test_augmented_images_train(augmentation, operations, tiny_spec):
    spec, config = tiny_spec(
        f"dataset.augmentation={augmentation}",
        "dataset.crop_padding=1",
        "budget.depth=8",
        "budget.width=4",
    )
    record = run.train_and_measure(spec, config)
    data = record.dataset
    assert data.augmentation == augmentation
    assert (data.randaugment_ops, data.randaugment_magnitude) == operations


@pytest.mark.parametrize(("words", "test_size"), [((), 0), (("dataset.evaluate_on=test",), 60)])
def test_validation_images_are_measured_on_in_place_of_test_images(
    words, test_size, tiny_spec, log_lines
):
    small = ("budget.depth=8", "budget.width=4", "dataset.validation_size=15")
    spec, config = tiny_spec(*small, *words)
    record = run.train_and_measure(spec, config)
    on = "test" if test_size else "validation"
    data = record.dataset
    assert (data.train_size, data.validation_size, data.test_size) == (25, 15, test_size)
    assert data.evaluated_on == on
    assert any(f"{on} error" in line for line in log_lines)
    assert run.summary_line(record).startswith(f"{on} error")
    num_wrong = record.epochs[0].test_error / 100 * (test_size or 15)
    assert num_wrong == pytest.approx(round(num_wrong), abs=1e-6)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
    ],
)
def test_too_little_memory_is_said_with_what_would_help(error, tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise error

    monkeypatch.setattr(run, "train", fail)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    with pytest.raises(TrainingError, match=r"out of memory .* recipe.batch_size"):
        run.train_and_measure(spec, config)


@pytest.mark.parametrize(
    ("share", "advice"), [(1.05, "recipe.batch_size=8"), (0, "smaller budget")]
)
def test_the_batch_size_that_would_fit_is_told(share, advice, tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise torch.OutOfMemoryError("CUDA out of memory")

    words = ("budget.depth=8", "budget.width=8")
    smaller, _ = tiny_spec(*words, "recipe.batch_size=8")
    needed = memory_bytes(smaller, requested_plan(smaller), "cpu", None)
    available = int(share * needed / out_of_memory.USABLE_MEMORY_SHARE)
    monkeypatch.setattr(run, "train", fail)
    monkeypatch.setattr(out_of_memory, "device_memory_bytes", lambda device: available)
    spec, config = tiny_spec(*words, "recipe.batch_size=32")
    with pytest.raises(TrainingError, match=f"batch size 32, .* its tensors take .* {advice}"):
        run.train_and_measure(spec, config)


def test_any_other_fault_is_not_taken_for_it(tiny_spec, monkeypatch):
    def fail(*arguments, **keywords):
        raise RuntimeError("shapes do not match")

    monkeypatch.setattr(run, "train", fail)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    with pytest.raises(RuntimeError, match="shapes"):
        run.train_and_measure(spec, config)


def test_files_that_were_left_out_are_told_in_a_sweep_and_kept(compose_config, tmp_path, capsys):
    for name in ("ant", "bee"):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(20):
            shade = (number, 10 * number, 255 - number)
            Image.new("RGB", (8, 8), shade).save(tmp_path / "own" / name / f"{number}.png")
    (tmp_path / "own" / "ant" / "3.png").write_text("I am no image")
    config = compose_config(
        "dataset=folder",
        f"dataset.root={tmp_path / 'own'}",
        f"dataset.cache={tmp_path / 'cache'}",
        "dataset.image_size=8",
        "dataset.skip_bad=true",
        "logger=none",
        "epochs=1",
        "device=cpu",
        "budget.depth=8",
        "budget.width=4",
        "measurement.latency_batch_sizes=[]",
        f"results={tmp_path / 'results'}",
    )
    assert run_job_of_sweep(config, OmegaConf.create({})) == "trained"
    remark = "1 file was left out, no image that can be read: ant/3.png"
    assert capsys.readouterr().err.splitlines() == [f"dataset=folder: {remark}"]
    assert read_record(resolve(config).folder / RECORD_FILE).dataset.remarks == [remark]


def test_layers_are_not_timed_where_that_is_not_asked_for(tiny_spec):
    spec, config = tiny_spec(
        "budget.depth=8",
        "budget.width=4",
        "measurement.layer_repeats=0",
        "measurement.latency_batch_sizes=[]",
    )
    record = run.train_and_measure(spec, config)
    assert record.layer_times == []
    assert record.latencies == []


@pytest.mark.parametrize(
    ("which", "epochs"),
    [("none", []), ("final", [4]), ("milestones", [2, 3, 4]), ("all", [1, 2, 3, 4])],
)
def test_predictions_are_kept_as_asked_for(tiny_spec, which, epochs):
    spec, config = tiny_spec(
        "design=deq",
        "k=2",
        "budget.depth=8",
        "budget.width=8",
        "epochs=4",
        f"record.predictions={which}",
    )
    files = {}
    record = run.train_and_measure(spec, config, keep=files.__setitem__)
    kept = {name: files[name] for name in files if name.startswith("predictions")}
    assert list(kept) == [f"predictions-epoch-{epoch:04d}.npz" for epoch in epochs]
    for epoch, content in zip(epochs, kept.values(), strict=True):
        predictions = load_predictions(content.read_bytes())
        assert predictions.probabilities.shape == (2, 60, 10)
        single = 100 * (predictions.probabilities.argmax(2) != predictions.labels).mean(axis=1)
        assert single == pytest.approx(record.epochs[epoch - 1].member_test_errors)
        mean = predictions.probabilities.mean(axis=0, dtype="float32")
        error = 100 * (mean.argmax(axis=1) != predictions.labels).mean()
        # halves may tie where floats did not
        assert error == pytest.approx(record.epochs[epoch - 1].test_error, abs=2)


def test_want_of_a_file_costs_the_predictions_and_not_the_run(tiny_spec, monkeypatch, caplog):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prediction_files, "write_flushed_file", full)
    spec, config = tiny_spec("budget.depth=8", "budget.width=4")
    files = {}
    run.train_and_measure(spec, config, keep=files.__setitem__)
    assert not any(name.startswith("predictions") for name in files)
    assert caplog.messages == [
        "no predictions of epoch 1: [Errno 28] No space left on device",
        "no predictions of epoch 1 beside the record",
    ]


def test_want_of_memory_after_training_costs_a_measurement_and_not_the_run(
    tiny_spec, monkeypatch, caplog
):
    def greedy(*_, **__):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(measuring, "measure_layer_times", greedy)
    monkeypatch.setattr(measuring, "serve", greedy)
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=8")
    record = run.train_and_measure(spec, config)
    assert record.layer_times == []
    assert {(entry.model, entry.execution) for entry in record.latencies} == {
        ("run", "sequential"),
        ("single", "sequential"),
    }
    assert caplog.messages == [
        "inference, fused, does not fit into memory; left out",
        "inference, parallel, does not fit into memory; left out",
        "the timing of layers does not fit into memory; left out",
    ]
