"""One tiny epoch of every family and design class on real digits, to a record and back."""

import pytest
from omegaconf import OmegaConf
from PIL import Image

from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.data import load_dataset
from ensemble_switchover.results.epoch_metrics import errors_by_epoch
from ensemble_switchover.results.flags import flags_of_run
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.store import read_record, write_record
from ensemble_switchover.runner import finish, run
from ensemble_switchover.serving.weights import read_weights
from ensemble_switchover.sweep.sweep_plan import run_job_of_sweep
from tests.trained import plain_probabilities

pytestmark = pytest.mark.slow

UNMEASURED = ("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0")


@pytest.mark.parametrize(
    ("family", "depth", "width", "design_class"),
    [
        ("resnet", 14, 8, "single"),
        ("densenet", 13, 8, "deq"),
        ("wide_resnet", 16, 1, "weq"),
    ],
)
def test_every_family_and_design_class_trains(
    family, depth, width, design_class, tiny_spec, tmp_path, log_lines
):
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
    assert record.design.k == k == len(epoch.member_error_percent) == len(record.member_seeds)
    assert record.design.design_class == design_class
    assert record.design.parameters == k * record.design.member_parameters
    assert 0 < epoch.error_percent < 100
    assert epoch.training_seconds == pytest.approx(sum(epoch.member_training_seconds))
    assert epoch.training_seconds > 0
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
    assert len(epoch.member_nll_nats) == len(epoch.member_brier) == len(epoch.member_ece) == k
    assert epoch.member_peak_device_bytes == []
    assert epoch.compile_seconds == 0
    assert record.environment.concurrent_jobs == 2
    assert record.environment.execution == "sequential"
    assert record.config["arch"]["family"] == family
    assert record.environment.residence == "device"
    assert record.largest_class_share == 0.1  # of 60 digits, 6 are of each class
    assert record.flags == flags_of_run(record)
    assert ("flagged: " in finish.summary_line(record)) == bool(record.flags)
    assert "execution=auto: sequential" in log_lines[0]
    assert "epoch 1/1" in log_lines[1]
    assert len(log_lines) == 2  # none on where the images are: a CPU computes there


def test_the_same_cell_again_gives_the_same_result_and_another_seed_another(tiny_spec):
    small = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=2", *UNMEASURED)
    augmented = ("dataset.augmentation=standard", "dataset.crop_padding=1")
    first, again, other = (
        run.train_and_measure(*tiny_spec(*small, *augmented, f"seed={seed}")) for seed in (0, 0, 1)
    )
    assert first.dataset.augmentation == "standard"
    for one, same, another in zip(first.epochs, again.epochs, other.epochs, strict=True):
        assert (one.error_percent, one.nll_nats, one.train_loss_nats) == (
            same.error_percent,
            same.nll_nats,
            same.train_loss_nats,
        )
        assert one.train_loss_nats != another.train_loss_nats
    assert not set(first.member_seeds) & set(other.member_seeds)


def test_images_that_randaugment_changed_train(tiny_spec):
    overrides = ("dataset.augmentation=randaugment", "dataset.crop_padding=1")
    spec, config = tiny_spec(*overrides, "budget.depth=8", "budget.width=4", *UNMEASURED)
    data = run.train_and_measure(spec, config).dataset
    assert data.augmentation == "randaugment"
    assert (data.randaugment_ops, data.randaugment_magnitude) == (2, 14)


@pytest.mark.parametrize(("overrides", "test_size"), [((), 0), (("dataset.evaluate_on=test",), 60)])
def test_validation_images_are_measured_on_in_place_of_test_images(
    overrides, test_size, tiny_spec, log_lines
):
    small = ("budget.depth=8", "budget.width=4", "dataset.validation_size=15", *UNMEASURED)
    spec, config = tiny_spec(*small, *overrides)
    record = run.train_and_measure(spec, config)
    on = "test" if test_size else "validation"
    data = record.dataset
    assert (data.train_size, data.validation_size, data.test_size) == (25, 15, test_size)
    assert data.evaluated_on == on
    assert any(f"{on} error" in line for line in log_lines)
    assert finish.summary_line(record).startswith(f"{on} error")
    num_wrong = record.epochs[0].error_percent / 100 * (test_size or 15)
    assert num_wrong == pytest.approx(round(num_wrong), abs=1e-6)


def test_files_that_were_left_out_are_kept_in_the_record_and_told_when_the_sweep_begins(
    compose_config, tmp_path, capsys
):
    for label, name in enumerate(("ant", "bee")):
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(20):
            shade = (number, 10 * number, 255 - label)
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
        *UNMEASURED,
        f"results={tmp_path / 'results'}",
    )
    assert (
        run_job_of_sweep([config], OmegaConf.create({}), OmegaConf.create({"seeds": []}))
        == "trained"
    )
    remark = "1 file was left out because no image could be read: ant/3.png (1 text file)"
    assert not capsys.readouterr().err  # the sweep has said it when it began
    first, images, *_ = read_record(resolve(config).folder / RECORD_FILE).dataset.remarks
    assert first == remark
    assert images == "39 images of 2 classes: 31 to train on, 8 to test on"


@pytest.mark.parametrize("asked", ["standardised", "scaled"])
def test_kept_weights_predict_as_in_the_run_however_pixels_are_normalised(
    asked, tiny_spec, tmp_path
):
    small = ("budget.depth=8", "budget.width=8", "record.predictions=none", *UNMEASURED)
    spec, config = tiny_spec(*small, f"dataset.normalisation={asked}")
    path = tmp_path / WEIGHTS_FILE

    record = run.train_and_measure(spec, config, keep=lambda _, content: path.write_bytes(content))

    assert record.dataset.normalisation == asked
    trained = read_weights(path)
    scaled = (trained.normalisation.mean.item(), trained.normalisation.deviation.item()) == (0, 1)
    assert scaled is (asked == "scaled")
    test = load_dataset(spec.dataset, spec.sizes.train, spec.sizes.test).test
    wrong = plain_probabilities(trained, test.images).argmax(axis=1) != test.labels.numpy()
    assert record.epochs[-1].error_percent == pytest.approx(100 * wrong.mean())


@pytest.mark.parametrize("design", [("design=single",), ("design=deq", "k=2", "execution=fused")])
def test_fewer_evaluations_change_no_weight_and_no_error(design, tiny_spec, tmp_path, log_lines):
    small = (*design, "budget.depth=8", "budget.width=8", "epochs=5", "record.predictions=all")
    whole = run.train_and_measure(*tiny_spec(*small, *UNMEASURED))
    spec, config = tiny_spec(*small, *UNMEASURED, "evaluate_every=3")
    files = {}
    log_lines.clear()
    record = run.train_and_measure(spec, config, keep=files.__setitem__)
    folder = tmp_path / spec.name
    write_record(folder, record)
    assert read_record(folder / RECORD_FILE) == record
    assert record.evaluate_every == "3"
    assert [e.train_loss_nats for e in record.epochs] == [e.train_loss_nats for e in whole.epochs]
    assert errors_by_epoch(record.epochs) == {
        epoch: error for epoch, error in errors_by_epoch(whole.epochs).items() if epoch in (3, 5)
    }
    assert record.epochs[-1].member_nll_nats == whole.epochs[-1].member_nll_nats
    for epoch in record.epochs:
        evaluated = epoch.epoch in (3, 5)
        assert epoch.training_seconds > 0
        assert (epoch.evaluation_seconds > 0) == evaluated
        assert (epoch.nll_nats is not None) == evaluated
        assert len(epoch.member_ece) == (record.design.k if evaluated else 0)
    kept = [name for name in files if name.startswith("predictions")]
    assert kept == ["predictions-epoch-0003.npz", "predictions-epoch-0005.npz"]
    lines = [line for line in log_lines if "epoch " in line and "/5" in line]
    assert ["not evaluated" in line for line in lines] == [True, True, False, True, False]
    assert all(" s training" in line for line in lines)
