"""The device that is asked for."""

import pytest
import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.training.device import choose_device
from ensemble_switchover.training.precision import use_precision


def test_what_the_machine_lacks_is_said():
    with pytest.raises(ConfigError, match="precision=tf32: needs a CUDA device"):
        use_precision("tf32", torch.device("cpu"))
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="device=cuda: this machine has"):
            choose_device("cuda")
