import sys

import pytest

from ensemble_switchover.config.completion import asks_completion, prepare_completion


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("ensemble-switchover k=2 -m arch=res", "ensemble-switchover -m k=2 arch=res"),
        ("ensemble-switchover k=2 -m ", "ensemble-switchover -m k=2 "),
        ("ensemble-switchover ", "ensemble-switchover "),
    ],
)
def test_options_may_stand_anywhere_in_what_is_completed(line, read, monkeypatch):
    monkeypatch.setattr(sys, "stderr", sys.stderr)  # put back
    environment = {"COMP_LINE": line}
    prepare_completion(["-sc", "query=bash"], environment)
    assert environment["COMP_LINE"] == read


def test_other_commands_are_left_alone():
    environment, stderr = {"COMP_LINE": "x k=2 -m"}, sys.stderr
    prepare_completion(["k=2"], environment)
    assert environment == {"COMP_LINE": "x k=2 -m"}
    assert sys.stderr is stderr
    assert asks_completion(["--shell-completion", "install=bash"])
    assert not asks_completion(["study=-sc"])
