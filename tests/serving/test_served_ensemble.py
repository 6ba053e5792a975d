"""A loaded ensemble predicts from images as they are decoded, and errs as its record says."""

import copy
import pickle

import pytest
import torch

from ensemble_switchover.data import load_dataset
from ensemble_switchover.errors import ConfigError, ImageError, RecordError
from ensemble_switchover.results.layout import RECORD_FILE, WEIGHTS_FILE
from ensemble_switchover.results.store import read_record
from ensemble_switchover.runner.job import run_job
from ensemble_switchover.serving import load_ensemble
from ensemble_switchover.serving.predictors import SERVING_EXECUTIONS
from ensemble_switchover.serving.weights import dump_weights
from tests.trained import TASK, images_of, make_trained, plain_probabilities

EXECUTIONS = sorted(SERVING_EXECUTIONS)
UNMEASURED = ("measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0")


@pytest.fixture
def path(tmp_path):
    """Write the weights of an ensemble that is made up."""
    path = tmp_path / "weights.safetensors"
    path.write_bytes(dump_weights(make_trained(k=3)))
    return path


@pytest.mark.slow
def test_a_run_is_loaded_by_any_of_its_paths_and_errs_as_its_record_says(tiny_spec):
    small = ("design=deq", "k=2", "budget.depth=8", "budget.width=8", "epochs=3", *UNMEASURED)
    spec, config = tiny_spec(*small)
    run_job(spec, config, concurrent_jobs=1)
    error_percent = read_record(spec.folder / RECORD_FILE).error_percent
    test = load_dataset(spec.dataset, spec.sizes.train, spec.sizes.test).test
    chosen = zip(EXECUTIONS, ("", RECORD_FILE, WEIGHTS_FILE), strict=True)
    for execution, name in chosen:
        ensemble = load_ensemble(str(spec.folder / name), execution=execution)
        for images in (test.images, test.images / 255, test.images.half() / 255):
            wrong = ensemble(images).argmax(dim=1) != test.labels
            assert 100 * wrong.double().mean().item() == pytest.approx(error_percent)
    assert (ensemble.k, ensemble.depth, ensemble.width) == (2, 8, spec.design.width)
    assert (ensemble.family, ensemble.task) == (spec.family, spec.task)
    assert ensemble.class_names == tuple(str(digit) for digit in range(10))
    assert "2 x resnet 8x" in repr(ensemble)
    assert "(B, 1, 8, 8) -> (B, 10)" in repr(ensemble)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-6), (torch.float64, 1e-9)])
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_bytes_and_floats_give_the_mean_of_the_members(execution, dtype, tolerance, path):
    trained = make_trained(k=3)
    images, expected = images_of(TASK, 5), plain_probabilities(trained, images_of(TASK, 5))
    trained.ensemble.to(dtype)
    path.write_bytes(dump_weights(trained))
    ensemble = load_ensemble(path, execution=execution)
    for given in (images, images.double() / 255):
        probabilities = ensemble(given)
        assert probabilities.dtype == dtype
        assert abs(probabilities.double().numpy() - expected).max() < tolerance
        of_members = ensemble.member_probabilities(given)
        assert of_members.shape == (3, 5, TASK.num_classes)
        torch.testing.assert_close(of_members.mean(dim=0), probabilities)


@pytest.mark.parametrize("execution", EXECUTIONS)
def test_it_is_a_module_like_any_other(execution, path):
    ensemble, images = load_ensemble(path, execution=execution), images_of(TASK, 4)
    before = ensemble(images)
    for convert, tolerance in (("bfloat16", 0.1), ("half", 0.02), ("double", 0.1)):
        # double: of weights that were rounded before
        ensemble = getattr(ensemble, convert)()
        for given in (images, images / 255):
            after = ensemble(given)
            assert after.dtype == (torch.float64 if convert == "double" else torch.float32)
            torch.testing.assert_close(after.float(), before, atol=tolerance, rtol=0)
    other = load_ensemble(path, execution=execution)
    other.load_state_dict(load_ensemble(path, execution=execution).state_dict())
    for copied in (other, copy.deepcopy(other), pickle.loads(pickle.dumps(other))):
        assert torch.equal(copied(images), before)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"execution": "fast"},
            "execution=fast: expected one of sequential, fused, parallel, cascade",
        ),
        ({"device": "gpu"}, "device=gpu: expected one of cpu, cuda, mps, auto"),
        ({"range_check": "no"}, "range_check=no: expected one of auto, always, never"),
        (
            {"threshold": 0.9},
            "threshold=0.9: execution=sequential asks every member of every image; expected "
            "execution=cascade, or no threshold",
        ),
    ],
)
def test_an_unknown_choice_is_one_sentence(options, sentence, path):
    with pytest.raises(ConfigError) as caught:
        load_ensemble(path, **options)
    assert str(caught.value) == sentence


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_a_device_that_is_not_there_is_one_sentence(path):
    for device in ("cuda", "cuda:1", torch.device("cuda", 0)):
        with pytest.raises(ConfigError, match="device=cuda: this machine has cpu"):
            load_ensemble(path, device=device)
    assert load_ensemble(path, device="auto").device.type in ("cpu", "mps")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
@pytest.mark.parametrize("execution", EXECUTIONS)
def test_on_a_gpu_it_predicts_as_on_a_cpu(execution, path):
    images = images_of(TASK, 4)
    expected = load_ensemble(path)(images)
    for ensemble in (
        load_ensemble(path, execution=execution, device="cuda:0"),
        load_ensemble(path, execution=execution).to("cuda"),
    ):
        torch.testing.assert_close(ensemble(images.cuda()).cpu(), expected, rtol=1e-4, atol=1e-5)
        with pytest.raises(ImageError, match="found them on cpu"):
            ensemble(images)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("absent", "absent: no such folder; expected the folder of a run, with record.json in it"),
        ("absent.safetensors", "absent.safetensors: No such file or directory"),
        ("absent/weights.safetensors", "absent: no such folder; expected the folder of a run"),
        (".", "no record.json in it; expected the folder of one finished run"),
        ("text", "text: damaged, or not a weights file of this program"),
    ],
)
def test_a_path_without_an_ensemble_is_one_sentence(name, sentence, path):
    (path.parent / "text").write_text("no weights")
    with pytest.raises(RecordError) as caught:
        load_ensemble(path.parent / name)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)
