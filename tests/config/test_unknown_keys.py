"""What was meant by names that are those of other programs, or nearly those of this one."""

import pytest

from ensemble_switchover.config.unknown_keys import (
    NOT_NEEDED,
    SHOW_ALL,
    USED_ELSEWHERE,
    names_near,
    unknown_key_text,
)


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lr", "recipe.learning_rate"),
        ("model.optimizer.lr", "recipe.learning_rate"),
        ("max_epochs", "epochs"),
        ("batch_size", "recipe.batch_size"),
        ("data.batch_size", "recipe.batch_size"),
        ("weight_decay", "recipe.weight_decay"),
        ("model", "arch"),
        ("data", "dataset"),
        ("datamodule", "dataset"),
        ("accelerator", "device"),
        ("logger.wandb.project", "logger.project"),
        ("logger.wandb.tags", "logger.tags"),
        ("logger.wandb.offline", "logger.mode"),
        ("ensemble_size", "k"),
        ("depth", "budget.depth"),
        ("extras.print_config", "--cfg job"),
    ],
)
def test_names_of_other_programs_lead_to_the_key_here(key, meant):
    assert names_near(key)[0] == meant
    assert unknown_key_text(key).startswith(f"{key}: no such key; did you mean {meant}")


def test_what_needs_no_key_is_told_with_the_reason():
    assert unknown_key_text("ckpt_path") == f"ckpt_path: no such key; {NOT_NEEDED['ckpt_path']}"
    assert "images lie in memory" in unknown_key_text("data.num_workers")


def test_a_name_like_no_other_gets_no_suggestion():
    assert unknown_key_text("zzzzz") == f"zzzzz: no such key; {SHOW_ALL}"


def test_only_what_exists_is_suggested(monkeypatch):
    monkeypatch.setitem(USED_ELSEWHERE, "fabric", "recipe/no_such_group")
    assert "recipe/no_such_group" not in names_near("fabric")
