"""The example project of docs/extending.md, from its files to its records."""

import json
import shlex

import pytest

from ensemble_switchover.design import FAMILIES
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.results.rerun_command import CommandWriter
from ensemble_switchover.results.store import read_records
from tests import program
from tests.example_project import COMMANDS, FILES, write_example

pytestmark = [pytest.mark.process, pytest.mark.slow]

TINY = [
    *("logger=csv", "device=cpu", "threads=1", "budget.network=11x4", "epochs=1"),
    *("dataset.train_size=80", "measurement.latency_batch_sizes=[]", "measurement.layer_repeats=0"),
]


def run(words, folder):
    _, _, module, *words = words
    ended = program.run(*words, folder=folder, module=module)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_project_is_small():
    python = FILES["my_parts.py"].splitlines()
    yaml = [
        line for name, text in FILES.items() if name.endswith("yaml") for line in text.split("\n")
    ]
    assert len([line for line in python if line]) <= 50
    assert len([line for line in yaml if line]) <= 25


def test_every_command_of_the_page_works(tmp_path):
    write_example(tmp_path)
    designs, plan, look, one, sweep = COMMANDS
    assert "mobilenet expansion=4 on stripes" in run(designs, tmp_path)
    assert " deq " in run([*plan, *TINY], tmp_path)
    assert "4 classes" in run(look, tmp_path)
    assert (tmp_path / "sheet.png").exists()
    assert "mobilenet 11x4" in run([*one, *TINY], tmp_path)
    run([*sweep, *TINY], tmp_path)
    (single,) = read_records(tmp_path / "results" / "runs").records
    records = read_records(tmp_path / "results" / "mine").records
    assert {record.design.design_class for record in records} == {"single", "deq"}
    for record in (single, *records):
        assert (record.design.family, record.design.family_options) == (
            "mobilenet",
            {"expansion": 4},
        )
        assert record.dataset.options["arguments"] == {"noise": 0.5}
        assert len(record.dataset.content) == 16
        assert 0 <= record.epochs[-1].metrics["macro_f1"] <= 1
    logged = [path.read_text() for path in tmp_path.rglob("metrics.csv")]
    assert len(logged) == 2  # of the three, one shares the training of another
    assert all("test/macro_f1" in text and "summary/macro_f1" in text for text in logged)
    command = CommandWriter().write([single])
    again = run([*shlex.split(command)[:], "logger=none"], tmp_path)
    assert single.name in again


def test_records_are_read_without_the_code(tmp_path):
    assert "mobilenet" not in FAMILIES
    write_example(tmp_path)
    run([*COMMANDS[3], *TINY], tmp_path)
    folder = tmp_path / "results" / "runs"
    report = run(["python", "-m", "ensemble_switchover.report", str(folder)], tmp_path / "options")
    assert "mobilenet" in report or (folder / "report").is_dir()
    content = build_content(read_records(folder).records, lambda runs: None)
    assert "mobilenet" in json.dumps(content)
    (path,) = folder.glob("*/record.json")
    export = ["python", "-m", "ensemble_switchover.export", str(path), "--format", "torch_export"]
    refused = program.run(*export[3:], folder=tmp_path, module=export[2])
    assert refused.returncode == 2
    assert "given to register_family first" in refused.stderr
    assert "ensemble.pt2" in run([*export, "--config-dir", "options"], tmp_path)
