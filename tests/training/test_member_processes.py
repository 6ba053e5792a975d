"""Members in processes of their own: the same result, and an end to all of them."""

from dataclasses import replace
from unittest import mock

import pytest
import torch

from ensemble_switchover.errors import MachineError, TrainingError
from ensemble_switchover.machine import interruption
from ensemble_switchover.machine.worker_processes import WorkerProcesses
from ensemble_switchover.results.layout import checkpoint_folder
from ensemble_switchover.runner.run import train_and_measure
from ensemble_switchover.training import member_processes
from ensemble_switchover.training.checkpoint import read_checkpoint
from tests.runner.test_resuming import timeless

pytestmark = [pytest.mark.process, pytest.mark.xdist_group("member_processes")]  # of one server

SMALL = ("design=deq", "k=3", "budget.depth=8", "budget.width=8", "precision=64", "threads=2")
SPREAD = ("execution=parallel", "execution.processes=2", "execution.channels_last=false")


@pytest.fixture(autouse=True)
def _threads_as_before():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("nesterov", "evaluate_every"), [("false", "1"), ("true", "2")])
def test_they_end_the_same_as_in_one_process_stopped_or_not(
    nesterov, evaluate_every, tiny_spec, tmp_path, monkeypatch, no_warnings
):
    def run(folder, *overrides):
        own = (f"recipe.nesterov={nesterov}", f"results={tmp_path / folder}")
        own += (f"evaluate_every={evaluate_every}",)
        spec, config = tiny_spec(*SMALL, "epochs=3", *own, *overrides)
        return spec, train_and_measure(spec, config)

    one_spec, one = run("one", "execution=sequential")
    with monkeypatch.context() as patch:
        patch.setattr(interruption, "check", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run("spread", *SPREAD)
    spec, spread = run("spread", *SPREAD)
    assert timeless(spread.epochs) == timeless(one.epochs)
    label = "parallel: 2 processes, sequential"
    assert spread.recipe.nesterov is one.recipe.nesterov is (nesterov == "true")
    assert (spread.environment.execution, one.environment.execution) == (label, "sequential")
    for ours, theirs in zip(
        read_checkpoint(checkpoint_folder(spec.folder)).members,
        read_checkpoint(checkpoint_folder(one_spec.folder)).members,
        strict=True,
    ):
        for key, value in theirs.network.items():
            torch.testing.assert_close(ours.network[key], value, rtol=1e-9, atol=1e-12)
    for epoch in spread.epochs:
        assert 0 < epoch.training_seconds < sum(epoch.member_training_seconds)
        assert len(epoch.member_training_seconds) == 3


class Sent(list):
    """A connection that keeps what is sent."""

    send_bytes = list.append


def test_the_machines_trouble_in_a_process_is_that_of_the_run(tiny_spec, monkeypatch):
    def fail(spec):
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(member_processes, "load_images", fail)
    spec, _ = tiny_spec(*SMALL)
    task = member_processes._Task(spec, None, range(3), "cpu", 0, 1, None)
    sent = Sent()
    member_processes._train(sent, task)
    workers = mock.MagicMock(spec=WorkerProcesses)
    workers.__len__.return_value = 1
    workers.ready.return_value = [0]
    workers.receive.return_value = sent[0]
    with pytest.raises(MachineError, match="Too many open files; `ulimit -n`"):
        member_processes._gather(workers, lambda result: None)


def test_a_member_that_diverges_is_named_by_its_number_in_the_run(tiny_spec, no_warnings):
    spec, config = tiny_spec(*SMALL, *SPREAD)
    spec = replace(spec, recipe=replace(spec.recipe, learning_rate=1e300))
    with pytest.raises(TrainingError, match=r"member [012]: the loss is not finite in epoch 1"):
        train_and_measure(spec, config)


def _add_on_gpu(connection):
    connection.send_bytes(str(torch.ones(3, device="cuda").sum().item()).encode())


@pytest.mark.cuda
def test_processes_use_a_gpu_though_they_are_forked():
    with WorkerProcesses() as workers:
        for name in ("one", "two"):
            workers.start(name, _add_on_gpu)
        assert [workers.receive(number) for number in range(2)] == [b"3.0", b"3.0"]
