"""Members fused into one network."""

import pytest
from torch import nn

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.networks.fused import Fused


def test_what_has_no_fused_form_is_refused():
    message = "Dropout cannot be computed for several .* expected execution=sequential"
    with pytest.raises(ConfigError, match=message):
        Fused([nn.Sequential(nn.Dropout()) for _ in range(2)])
