"""The device that is asked for."""

import pytest
import torch

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.training import device as device_module
from ensemble_switchover.training.device import choose_device, use_threads
from ensemble_switchover.training.precision import use_precision


def test_what_the_machine_lacks_is_said():
    with pytest.raises(ConfigError, match="precision=tf32: needs a CUDA device"):
        use_precision("tf32", torch.device("cpu"))
    if not torch.cuda.is_available():
        with pytest.raises(ConfigError, match="device=cuda: this machine has"):
            choose_device("cuda")


def test_a_run_has_its_own_threads_whatever_an_earlier_one_had():
    use_threads(None)
    began_with = torch.get_num_threads()
    try:
        for threads, expected in ((3, 3), (None, began_with), (2, 2), (None, began_with)):
            use_threads(threads)
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(began_with)


def test_torch_has_no_more_threads_than_a_quota_leaves_processors(monkeypatch):
    use_threads(None)
    began_with = torch.get_num_threads()
    device_module._threads_of_process.cache_clear()
    monkeypatch.setattr(device_module, "num_processors", lambda: 1)
    torch.set_num_threads(4)
    try:
        use_threads(None)
        assert torch.get_num_threads() == 1
        use_threads(2)  # as asked
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(began_with)
        device_module._threads_of_process.cache_clear()


@pytest.mark.parametrize(
    ("variable", "value", "refused"),
    [
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "1", {"32", "bf16", "16"}),
        ("NVIDIA_TF32_OVERRIDE", "1", {"32", "bf16", "16"}),
        ("NVIDIA_TF32_OVERRIDE", "0", {"tf32"}),
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "0", set()),
        ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "nonsense", set()),
        ("NVIDIA_TF32_OVERRIDE", "", set()),
    ],
)
def test_a_variable_that_replaces_the_precision_is_refused(variable, value, refused, monkeypatch):
    for name in ("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "NVIDIA_TF32_OVERRIDE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    for name in ("32", "64", "tf32", "bf16", "16"):
        if name in refused:
            with pytest.raises(
                ConfigError, match=f"precision={name}: {variable}={value} in the env"
            ):
                use_precision(name, torch.device("cuda", 0))
        else:
            use_precision(name, torch.device("cuda", 0))
    use_precision("32", torch.device("cpu"))
