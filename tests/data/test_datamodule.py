"""The batches that training receives."""

import threading

import torch

from ensemble_switchover.data import ImageDataModule
from ensemble_switchover.runner import run

CPU = torch.device("cpu")


def test_training_from_the_host_learns_the_same(tiny_spec, monkeypatch):
    spec, config = tiny_spec(
        "design=deq", "k=2", "budget.depth=8", "budget.width=8", "dataset.augmentation=standard"
    )

    def figures():
        (epoch,) = run.train_and_measure(spec, config).epochs
        return epoch.train_loss_nats, epoch.nll_nats, epoch.member_error_percent

    from_device = figures()
    # a CPU has nothing to bring: make it, to go through the thread
    monkeypatch.setattr(ImageDataModule, "_prefetch_to", CPU)
    assert figures() == from_device
    assert not prefetching_threads()


def prefetching_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]
