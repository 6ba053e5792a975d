"""Calls of `python -m ensemble_switchover.results`."""

import json

from ensemble_switchover.results.__main__ import main


def run(capsys, *arguments):
    code = main([*map(str, arguments)])
    return code, *capsys.readouterr()


def rows(capsys, *arguments):
    code, out, _ = run(capsys, *arguments, "--format", "json")
    assert code == 0
    return json.loads(out)
