"""The environment that a record describes."""

import platform
from importlib.metadata import version

import torch

from ensemble_switchover.measurement.environment import describe_environment


def test_it_names_the_device_and_the_versions_that_decide_a_result():
    found = describe_environment(torch.device("cpu"))
    assert (found.device, found.num_threads) == ("cpu", torch.get_num_threads())
    assert found.device_name
    assert found.versions["torch"] == version("torch")
    assert found.versions["python"] == platform.python_version()
    assert "cuda" not in found.versions
