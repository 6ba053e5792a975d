import os
import signal

import pytest

from ensemble_switchover.machine import interruption


@pytest.fixture
def listening(monkeypatch):
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(interruption, "_requests", [])
    interruption.listen()
    yield
    signal.signal(signal.SIGINT, before)


class Interrupted:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_request_that_python_drops_is_not_lost(listening):
    interruption.check()
    dropped = Interrupted()
    del dropped  # Python reports the exception of a destructor and goes on
    with pytest.raises(KeyboardInterrupt):
        interruption.check()


def test_ctrl_c_raises_as_ever(listening):
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
