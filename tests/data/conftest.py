import pytest

from tests.file_server import FileServer


@pytest.fixture
def server(monkeypatch):
    """Serve files on this machine, without pauses between download attempts."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr("ensemble_switchover.data.sources.download.PAUSE_SECONDS", 0.0)
    server = FileServer()
    yield server
    server.close()
