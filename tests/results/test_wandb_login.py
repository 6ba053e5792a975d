import pytest

from ensemble_switchover.errors import ConfigError
from ensemble_switchover.results.wandb_login import has_wandb_login, wandb_is_offline


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
