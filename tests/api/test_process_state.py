import logging
import os
import signal
import sys

import torch

from ensemble_switchover.api.composition import compose
from ensemble_switchover.api.process_state import process_given_back
from ensemble_switchover.machine import interruption


def test_what_a_training_changes_is_given_back(tmp_path, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", "3")
    monkeypatch.setenv("PL_TRAINER_PRECISION", "16")
    monkeypatch.delenv("RANK", raising=False)
    spec = compose("device=cpu", dataset={"cache": tmp_path}).spec
    logger = logging.getLogger("pytorch_lightning")

    def state():
        variables = {name: os.environ.get(name) for name in watched}
        handlers = [signal.getsignal(number) for number in interruption.STOP_SIGNALS]
        switches = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
        kept = torch.get_num_threads(), logger.level, sys.unraisablehook
        return variables, handlers, switches, kept, torch.get_rng_state().tolist()

    watched = ("RANK", "LOCAL_RANK", "PL_TRAINER_PRECISION", "TRITON_CACHE_DIR", "MPLCONFIGDIR")
    before = state()
    with process_given_back(spec, trains=True):
        assert os.environ["RANK"] == "0"
        assert "PL_TRAINER_PRECISION" not in os.environ
        assert os.environ["TRITON_CACHE_DIR"].startswith(str(tmp_path))
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.manual_seed(5)
        torch.backends.cudnn.allow_tf32 = not torch.backends.cudnn.allow_tf32
        logger.setLevel(logging.CRITICAL)
    assert state() == before
