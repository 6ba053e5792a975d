"""Where images lie: the choice, and batches that do not depend on it."""

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ensemble_switchover.config.image_placement import choose_residence
from ensemble_switchover.data import ImageDataModule, load_dataset
from ensemble_switchover.data import prefetch as residence
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.batches import EvaluationBatches, TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.normalisation import Normalisation, pixel_moments
from ensemble_switchover.data.prefetch import DEPTH, gather
from ensemble_switchover.runner import run

CPU = torch.device("cpu")
needs_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="needs a CUDA device: elsewhere nothing is copied"
)


def make_images(size=50):
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, (size, 3, 6, 6), generator=generator, dtype=torch.uint8)
    return ImageSet(pixels, torch.arange(size))


def training(data, prefetch_to, groups, augmentation=None, epoch=2):
    return TrainingBatches(
        data,
        groups=groups,
        member_seeds=(11, 22, 33),
        batch_size=7,
        augmentation=augmentation,
        normalisation=Normalisation.of(data.images),
        dtype=torch.float32,
        epoch=lambda: epoch,
        prefetch_to=prefetch_to,
    )


def evaluation(data, prefetch_to, groups):
    return EvaluationBatches(
        data,
        groups=groups,
        batch_size=7,
        normalisation=Normalisation.of(data.images),
        dtype=torch.float32,
        prefetch_to=prefetch_to,
    )


def assert_same_batches(one, other):
    for first, second in zip(one, other, strict=True):
        for ours, theirs in zip(first, second, strict=True):
            if isinstance(ours, torch.Tensor):
                assert torch.equal(ours.cpu(), theirs.cpu())
            else:
                assert ours == theirs


DEVICES = [CPU, pytest.param(torch.device("cuda", 0), marks=needs_cuda)]


@pytest.mark.parametrize("device", DEVICES, ids=str)
@pytest.mark.parametrize("augmentation", [None, Augmentation(padding=2, flip=True)])
@pytest.mark.parametrize("groups", [((0,), (1,), (2,)), ((0, 1, 2),), ((2, 0), (1,))])
def test_training_batches_from_the_host_are_those_of_the_device(groups, augmentation, device):
    data = make_images()
    from_host = training(data, device, groups, augmentation)
    from_device = training(data.to(device), None, groups, augmentation)
    assert len(from_host) == len(from_device)
    for _ in range(2):
        assert_same_batches(from_host, from_device)
    assert next(iter(from_host)).images.device.type == device.type


def test_training_from_the_host_learns_the_same(tiny_spec, monkeypatch):
    spec, config = tiny_spec(
        "design=deq", "k=2", "budget.depth=8", "budget.width=8", "dataset.augmentation=standard"
    )

    def figures():
        (epoch,) = run.train_and_measure(spec, config).epochs
        return epoch.train_loss, epoch.nll, epoch.member_test_errors

    from_device = figures()
    # a CPU has nothing to bring: make it, to go through the thread
    monkeypatch.setattr(ImageDataModule, "_prefetch_to", CPU)
    assert figures() == from_device
    assert not prefetching_threads()


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_evaluation_batches_from_the_host_are_those_of_the_device(device):
    data, groups = make_images(), ((0,), (1, 2))
    assert_same_batches(evaluation(data, device, groups), evaluation(data.to(device), None, groups))


def prefetching_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]


def test_a_pass_that_is_given_up_leaves_no_thread():
    batches = iter(training(make_images(), CPU, ((0,),)))
    next(batches)
    assert prefetching_threads()
    batches.close()
    assert not prefetching_threads()


def test_batches_are_fetched_ahead_but_not_all_at_once():
    asked = []

    def indices():
        for number in range(20):
            asked.append(number)
            yield torch.tensor([number])

    gathered = gather(make_images(), indices(), CPU)
    labels = [next(gathered)[1].item() for _ in range(3)]
    assert labels == [0, 1, 2]
    assert len(asked) == 3 + DEPTH
    assert [label.item() for _, label in gathered] == list(range(3, 20))


def test_an_error_in_the_thread_reaches_the_loop():
    gathered = gather(make_images(), [torch.tensor([1]), torch.tensor([999])], CPU)
    assert next(gathered)[1].item() == 1
    with pytest.raises(IndexError):
        next(gathered)


@pytest.mark.parametrize(
    ("asked", "device", "needed", "free", "place", "reason"),
    [
        ("auto", "cuda", 10, 20, "device", "at most half of"),
        ("auto", "cuda", 11, 20, "host", "more than half of"),
        ("auto", "cuda", 180_000_000, 8_000_000_000, "device",
         "180.0 MB of images, at most half of 8,000.0 MB free there"),
        ("auto", "mps", 11, 20, "host", "more than half of"),
        ("auto", "cpu", 10**15, None, "device", "the CPU computes where they are"),
        ("auto", "xpu", 10, None, "host", "does not tell"),
        ("device", "cuda", 11, 20, "device", "as asked for"),
        ("host", "cuda", 1, 20, "host", "as asked for"),
        ("host", "cpu", 1, None, "host", "as asked for"),
    ],
)  # fmt: skip
def test_the_choice_and_its_reason(asked, device, needed, free, place, reason):
    chosen = choose_residence(asked, device, needed, free)
    assert chosen.place == place
    assert reason in chosen.reason


def test_a_cpu_does_not_tell_what_is_free():
    assert residence.free_device_bytes(CPU) is None


@needs_cuda
def test_a_gpu_tells_what_is_free():
    free = residence.free_device_bytes(torch.device("cuda", 0))
    assert 0 < free <= torch.cuda.get_device_properties(0).total_memory


def mapped_file(tensor):
    """Return the file that lies behind a tensor's memory, by the kernel's list of mappings."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        bounds, _, _, _, _, *name = line.split(maxsplit=5)
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        if start <= tensor.data_ptr() < end:
            return name[0] if name else ""
    return ""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="needs Linux's list of mappings")
def test_the_whole_set_is_mapped_and_a_subset_is_not(
    tmp_path, compose_config, monkeypatch, log_lines
):
    generator = np.random.default_rng(0)
    from ensemble_switchover.data.load import SOURCES
    from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource

    class Noise(DatasetSource):
        def identity(self, config, root):
            return "noise"

        def decode(self, config, root):
            images = generator.integers(0, 256, (40, 3, 32, 32), dtype=np.uint8)
            labels = np.arange(40) % 10
            return DatasetArrays(images, labels, images[:20], labels[:20], tuple("0123456789"))

    monkeypatch.setitem(SOURCES, "cifar10", Noise())
    config = replace(
        compose_config("dataset=cifar10").dataset,
        cache=str(tmp_path),
        train_images=40,
        test_images=20,
    )
    whole = load_dataset(config, 40, 20)
    assert len(log_lines) == 1
    assert mapped_file(whole.train.images) == str(tmp_path / "noise" / "train_images.npy")
    assert mapped_file(whole.test.images) == str(tmp_path / "noise" / "test_images.npy")
    part = load_dataset(config, 30, 20).train
    assert len(log_lines) == 1
    assert not mapped_file(part.images).startswith(str(tmp_path))
    assert np.array_equal(part.moments, pixel_moments(part.images.numpy()))


@pytest.mark.parametrize("chosen", [np.arange(50), np.array([3, 4, 40]), np.array([9])])
def test_normalisation_by_moments_is_that_of_the_pixels(chosen):
    data = make_images()
    data.images[:, 1] = 77  # a constant channel
    known = replace(data, moments=pixel_moments(data.images.numpy())).subset(chosen)
    by_moments, by_pixels = Normalisation.of_set(known), Normalisation.of(known.images)
    torch.testing.assert_close(by_moments.mean, by_pixels.mean, rtol=1e-13, atol=0)
    torch.testing.assert_close(by_moments.deviation, by_pixels.deviation, rtol=1e-11, atol=0)
    assert by_moments.deviation[1] == 1
    unknown = Normalisation.of_set(replace(known, moments=None))
    assert torch.equal(unknown.mean, by_pixels.mean)
