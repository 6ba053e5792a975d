"""What a pass has to do."""

from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.design.layers import Convolution, Linear, ReLU, Shape, trace
from ensemble_switchover.planning.workload import Workload, seconds, workload


def test_counts_of_a_network_by_hand():
    network = [Convolution(4, 3, stride=2), ReLU(), Linear(3)]
    work = workload(trace(network, Shape(2, 8)))
    assert work.operations == 3
    assert work.flops == 2 * (2 * 4 * 9) * 16 + 2 * 4 * 3
    assert work.elements == (2 * 64 + 4 * 16) + 2 * 4 * 16 + (4 * 16 + 3)
    assert work.of_batch(10) == Workload(3, 10 * work.flops, 10 * work.elements)
    assert work.of_batch(1) == work


def test_flops_are_those_of_the_family():
    family, task = make_family("densenet", {}), ImageTask(3, 32, 10)
    assert workload(family.trace(40, 12, task)).flops == family.flops(40, 12, task)


def test_seconds_are_the_sum_of_what_every_count_takes():
    assert seconds((2.0, 0.5, 0.25), Workload(3, 8, 4)) == 6 + 4 + 1
