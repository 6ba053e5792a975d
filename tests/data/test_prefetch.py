"""Where images are kept during training, on which the batches do not depend."""

import threading

import pytest
import torch

from ensemble_switchover.data import prefetch as residence
from ensemble_switchover.data.augmentation import Augmentation
from ensemble_switchover.data.batches import EvaluationBatches, TrainingBatches
from ensemble_switchover.data.images import ImageSet
from ensemble_switchover.data.normalisation import Normalisation
from ensemble_switchover.data.prefetch import PREFETCHED_BATCHES, gather

CPU = torch.device("cpu")


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


DEVICES = [CPU, pytest.param(torch.device("cuda", 0), marks=pytest.mark.cuda)]


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
    assert len(asked) == 3 + PREFETCHED_BATCHES
    assert [label.item() for _, label in gathered] == list(range(3, 20))


def test_an_error_in_the_thread_reaches_the_loop():
    gathered = gather(make_images(), [torch.tensor([1]), torch.tensor([999])], CPU)
    assert next(gathered)[1].item() == 1
    with pytest.raises(IndexError):
        next(gathered)


def test_a_cpu_does_not_tell_what_is_free():
    assert residence.free_device_bytes(CPU) is None


@pytest.mark.cuda
def test_a_gpu_tells_what_is_free():
    free = residence.free_device_bytes(torch.device("cuda", 0))
    assert 0 < free <= torch.cuda.get_device_properties(0).total_memory
