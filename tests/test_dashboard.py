import json
import sys

import pytest

from ensemble_switchover import dashboard
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, make_study, planted_error
from tests.tracking.panels import panels_of

pytestmark = pytest.mark.slow


def test_only_runs_of_the_study_are_shown(dry_run, logged_study, logged):
    specification, _ = dry_run(logged_study)
    (runs,) = specification["workspace"]["spec"]["section"]["runSets"]
    filters = {entry["key"]["name"]: entry["value"] for entry in runs["filters"]["filters"]}
    assert filters == {"group": logged[0].group, "jobType": logged[0].job_type}


def test_the_figures_of_the_study_are_in_the_report(dry_run, tmp_path):
    for record in make_study(planted_error):
        write_record(tmp_path / "demo" / record.name, record)
    specification, printed = dry_run(tmp_path / "demo")
    keys = [
        key
        for panel in panels_of(specification["report"])
        for key in panel["config"].get("mediaKeys", [])
    ]
    assert keys == [
        "figures/figure_2_heat_map", "figures/figure_3_test_error", "figures/verdicts",
    ]  # fmt: skip
    paragraphs = [
        json.dumps(block)
        for block in specification["report"]["spec"]["blocks"]
        if block["type"] == "paragraph"
    ]
    for ensemble_class in ("deq", "weq"):
        assert any(f"k = 4: {ensemble_class} " in text for text in paragraphs)
    assert "45 runs" in printed


def test_a_study_is_found_by_its_name(dry_run, tmp_path, monkeypatch):
    record = make_record()
    write_record(tmp_path / "results" / "demo" / record.name, record)
    monkeypatch.chdir(tmp_path)
    _, printed = dry_run("demo")
    assert "1 run" in printed


def test_a_study_of_elsewhere_has_panels_without_figures(dry_run):
    specification, printed = dry_run("elsewhere", "--entity", "team", "--project", "p")
    assert "no records here" in printed
    assert (specification["report"]["project"]["entityName"]) == "team"
    assert not [panel for panel in panels_of(specification) if "mediaKeys" in panel["config"]]


@pytest.mark.parametrize(
    ("overrides", "complaint"),
    [
        (["nowhere/demo", "--dry-run"], "nowhere/demo: no such folder"),
        (["demo", "--out", "x.json"], "--out is the file of --dry-run"),
        (["demo"], "no W&B login found"),
    ],
)
def test_mistakes_are_one_sentence(overrides, complaint, capsys):
    assert dashboard.main(overrides) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert complaint in line


def test_a_folder_without_records_is_refused(tmp_path, capsys):
    assert dashboard.main([str(tmp_path), "--dry-run"]) == 2
    assert "no finished run; expected the folder of one study" in capsys.readouterr().err


def test_a_login_without_a_network_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.delenv("WANDB_MODE")
    monkeypatch.setattr(dashboard, "server_answers", lambda url, seconds: False)
    assert dashboard.main(["demo"]) == 2
    assert "does not answer; --dry-run needs no network" in capsys.readouterr().err


def test_the_missing_package_is_one_sentence(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "wandb_workspaces", None)
    assert dashboard.main(["demo", "--dry-run"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("pip install 'ensemble-switchover[dashboard]'")
