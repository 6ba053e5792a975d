import json
import subprocess
import sys

import pytest

from ensemble_switchover import dashboard
from ensemble_switchover.results.store import write_record
from tests.factories import make_record, make_study, planted_error
from tests.tracking.wandb_file import read_wandb_file


@pytest.fixture
def dry_run(tmp_path, capsys):
    """Make a dashboard without sending it; return its specification and what was printed."""

    def make(study, *words):
        out = tmp_path / "spec.json"
        assert dashboard.main([str(study), "--dry-run", "--out", str(out), *words]) == 0
        return json.loads(out.read_text()), capsys.readouterr().out

    return make


@pytest.fixture(scope="module")
def logged(logged_study):
    files = sorted(logged_study.glob("wandb/offline-run-*/*.wandb"))
    return [read_wandb_file(file) for file in files]


def panels_of(specification):
    """List the panels of workspace and report, wherever they are."""
    found = []

    def look(value):
        if isinstance(value, dict):
            if "viewType" in value:
                found.append(value)
            for entry in value.values():
                look(entry)
        elif isinstance(value, list):
            for entry in value:
                look(entry)

    look(specification)
    return found


def keys_of(panels):
    """Return the metrics, summary keys and config keys that panels name."""
    metrics, summaries, configs = set(), set(), set()
    for panel in panels:
        config = panel["config"]
        metrics |= set(config.get("metrics", []))
        for axis in ("xAxis", "yAxis"):
            section, _, name = config.get(axis, "").rpartition(":")
            if section == "summary":
                summaries.add(name)
            elif name:
                metrics.add(name)
        if "groupBy" in config:
            configs.add(config["groupBy"])
    return metrics, summaries, configs


@pytest.mark.parametrize("part", ["workspace", "report"])
def test_every_key_of_a_panel_is_one_that_a_run_logs(dry_run, logged_study, logged, part):
    specification, _ = dry_run(logged_study)
    metrics, summaries, configs = keys_of(panels_of(specification[part]))
    assert {"epoch", "test/error_percent", "train/epoch_seconds"} <= metrics
    assert {"summary/parameters", "test/error_percent", "summary/peak_rss_bytes"} <= summaries
    assert metrics <= {name for told in logged for row in told.history for name in row}
    assert summaries <= {name for told in logged for name in told.summary}
    assert configs == {"resolved.value.design"}
    assert all("design" in told.config["resolved"] for told in logged)


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


def test_validation_runs_have_panels_of_their_own_names(dry_run, tmp_path):
    record = make_record(dataset={"evaluated_on": "validation", "validation_size": 50})
    write_record(tmp_path / "demo" / record.name, record)
    specification, _ = dry_run(tmp_path / "demo")
    metrics, _, _ = keys_of(panels_of(specification))
    assert "validation/error_percent" in metrics
    assert "test/error_percent" not in metrics


def test_device_memory_and_resident_memory_are_never_in_one_panel(dry_run, tmp_path):
    record = make_record(peak_device_bytes=10**6)
    write_record(tmp_path / "demo" / record.name, record)
    specification, _ = dry_run(tmp_path / "demo")
    axes = [panel["config"].get("yAxis") for panel in panels_of(specification["workspace"])]
    assert axes.count("summary:summary/peak_device_bytes") == 1
    assert axes.count("summary:summary/peak_rss_bytes") == 1


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


def test_colours_are_those_of_the_design_classes():
    from ensemble_switchover.reporting.figures.style import COLOURS
    from ensemble_switchover.tracking.wandb_workspace import (
        Contents,
        make_report,
        make_workspace,
        specification,
    )

    contents = Contents("s", ("test",), (), (), ensembles=True)
    classes = {"id1": "single", "id2": "deq", "id3": "None"}
    spec = specification(
        make_workspace(contents, "", "p", classes), make_report(contents, "", "p", classes)
    )
    expected = {"id1": COLOURS["single"], "id2": COLOURS["deq"]}
    assert spec["workspace"]["spec"]["section"]["customRunColors"] == expected
    text = json.dumps(spec["report"])
    assert COLOURS["single"] in text


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere/demo", "--dry-run"], "nowhere/demo: no such folder"),
        (["demo", "--out", "x.json"], "--out is the file of --dry-run"),
        (["demo"], "no W&B login found"),
    ],
)
def test_mistakes_are_one_sentence(words, complaint, capsys):
    assert dashboard.main(words) == 2
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


def test_a_dry_run_needs_no_torch(tmp_path):
    code = (
        "import sys\n"
        "from ensemble_switchover.dashboard import main\n"
        "assert main(['demo', '--dry-run']) == 0\n"
        "assert not {'torch', 'pytorch_lightning', 'torchvision'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
