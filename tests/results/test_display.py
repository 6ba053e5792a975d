"""The table of runs on a terminal."""

from tests.results.program import run


def test_a_table_tells_states_and_names_what_is_not_finished(study, capsys):
    code, out, err = run(capsys, study)
    assert (code, err) == (0, "")
    assert "failed: failed: out of [red]memory" in out
    assert "unreadable: damaged: " in out
    last = out.splitlines()[-1]
    assert last == "7 runs: 1 running, 1 interrupted, 3 finished, 1 failed, 1 unreadable"
