import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.tracking.wandb_mode import (
    has_wandb_login,
    server_answers,
    wandb_is_offline,
)


@pytest.fixture
def netrc_file(tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine api.wandb.ai login user password secret\n")
    path.chmod(0o600)
    return {"NETRC": str(path)}


def test_both_names_of_the_public_service_count(tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine api.forge.coreweave.com login user password secret\n")
    path.chmod(0o600)
    assert has_wandb_login({"NETRC": str(path)})


@pytest.fixture
def nothing(tmp_path):
    return {"NETRC": str(tmp_path / "absent")}


def test_a_login_is_a_key_a_token_or_a_netrc_entry(netrc_file, nothing):
    assert has_wandb_login(netrc_file)
    assert has_wandb_login({**nothing, "WANDB_API_KEY": "secret"})
    assert has_wandb_login({**nothing, "WANDB_IDENTITY_TOKEN_FILE": "/token"})
    assert not has_wandb_login(nothing)
    assert not has_wandb_login({**netrc_file, "WANDB_BASE_URL": "https://wandb.example.org"})


def test_wandbs_own_switch_wins(netrc_file):
    assert not has_wandb_login({**netrc_file, "WANDB_MODE": "offline"})


def test_the_mode_decides_where_it_is_given(netrc_file, nothing):
    assert wandb_is_offline("auto", nothing)
    assert not wandb_is_offline("auto", netrc_file)
    assert wandb_is_offline("offline", netrc_file)
    assert not wandb_is_offline("online", netrc_file)


def test_online_without_a_login_is_refused_rather_than_asked_for(nothing):
    with pytest.raises(ConfigError, match=r"logger.mode=online: no W&B login found"):
        wandb_is_offline("online", nothing)


@pytest.fixture
def server():
    """A server that answers every request with the status that its path asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(int(self.path.removeprefix("/")))
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


@pytest.mark.parametrize("status", [200, 404, 500])
def test_any_answer_is_one(server, status):
    assert server_answers(f"{server}/{status}", seconds=30)


def test_a_closed_port_a_silent_one_and_an_unknown_host_do_not_answer():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert not server_answers(address, seconds=0.2)
    assert not server_answers(address, seconds=30)
    assert not server_answers("https://no-such-host.invalid", seconds=30)
    assert not server_answers("no address", seconds=30)
