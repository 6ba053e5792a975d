import os
import signal

import pytest

from ensemble_switchover.machine import interruption


@pytest.fixture
def listening(monkeypatch):
    before = {number: signal.getsignal(number) for number in interruption.STOP_SIGNALS}
    monkeypatch.setattr(interruption, "_requests", [])
    for number in interruption.STOP_SIGNALS:  # nohup has one ignored
        signal.signal(number, signal.SIG_DFL)
    interruption.listen()
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


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


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_every_request_to_stop_raises(number, code, listening):
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), number)
    assert interruption.exit_code() == code


def test_a_hangup_that_is_ignored_as_below_nohup_stays_ignored(listening):
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interruption.listen()
    os.kill(os.getpid(), signal.SIGHUP)
    interruption.check()


def test_a_request_within_a_part_is_forgotten_after_it_and_handlers_are_those_of_before(
    monkeypatch,
):
    def mine(number, frame):
        heard.append(number)

    monkeypatch.setattr(interruption, "_requests", [])
    heard: list[int] = []
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, mine),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
    }
    try:
        with interruption.listening():
            os.kill(os.getpid(), signal.SIGTERM)
            assert not interruption.is_requested()
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGINT)
            assert interruption.is_requested()
        assert heard == [signal.SIGTERM]
        assert not interruption.is_requested()
        assert signal.getsignal(signal.SIGTERM) is mine
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
