"""`python -m ensemble_switchover.results --check` finds damage."""

import json
import shutil
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from ensemble_switchover.results import summary
from ensemble_switchover.results.__main__ import main
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.epoch_metrics import QUALITY
from ensemble_switchover.results.layout import (
    CONFIG_FILE,
    EPOCHS_FILE,
    RECORD_FILE,
)
from ensemble_switchover.results.store import (
    read_record,
    read_records,
    write_record,
)
from tests.factories import make_record, write_signed
from tests.results.program import run

# Check


def test_a_check_takes_every_record(study, capsys):
    with pytest.raises(SystemExit) as ending:
        main([str(study), "--check", "--where", "k=4"])
    assert ending.value.code == 2
    assert "--check takes every record" in capsys.readouterr().err


@pytest.fixture
def sound(tiny_spec):
    """A record as a run writes it, its configuration and fingerprint included."""
    spec, config = tiny_spec("design=deq", "k=2", "budget.depth=8", "budget.width=4")
    record = make_record(name=spec.name)
    values = {"fingerprint": spec.fingerprint, "config": asdict(config)}
    write_record(spec.folder, replace(record, **values), {"predictions": b"1234"})
    return spec.folder


def test_a_sound_record_is_found_sound(sound, capsys):
    assert run(capsys, sound.parent, "--check") == (0, "1 record checked, 0 of them wrong\n", "")


def test_a_record_of_before_images_were_spread_is_told_from_todays(tiny_spec, capsys):
    spec, config = tiny_spec("dataset.train_size=65", "recipe.batch_size=64")
    name = spec.name.replace(spec.fingerprint, spec.fingerprint_unspread)
    record = replace(make_record(name=name), fingerprint=spec.fingerprint_unspread)
    write_record(spec.study_folder / name, replace(record, config=asdict(config)))
    code, printed, complaint = run(capsys, spec.study_folder, "--check")
    assert code == 0
    assert "its last batch had 1 image, which are spread over all batches" in printed + complaint
    assert f"the run of today is {spec.fingerprint}" in printed + complaint


def test_a_record_of_before_a_measure_was_added_is_found_sound(sound, capsys, monkeypatch):
    folder = sound.with_name(f"other_{sound.name}")
    epochs = [replace(epoch, error_correlation=0.0) for epoch in make_record(k=2).epochs]
    record = read_record(sound / RECORD_FILE)
    with monkeypatch.context() as before:
        before.setattr(summary, "QUALITY", tuple(set(QUALITY) - {"error_correlation"}))
        write_record(folder, replace(record, name=folder.name, epochs=epochs))
    assert "error_correlation" not in read_document(folder).summary.quality
    assert run(capsys, sound.parent, "--check") == (0, "2 records checked, 0 of them wrong\n", "")


def test_a_record_of_version_1_is_found_sound(tmp_path, capsys):
    data = Path(__file__).parent / "data" / "version_1"
    name = json.loads((data / RECORD_FILE).read_text())["name"]
    shutil.copytree(data, tmp_path / name)
    code, out, _ = run(capsys, tmp_path, "--check")
    assert code == 0
    assert "is of version 1, which had no checksums: " in out.splitlines()[0]
    assert out.splitlines()[-1] == "1 record checked, 0 of them wrong"


def edit(path, old, new):
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new, 1))


def change_seed(folder):
    record = read_records(folder).records[0]
    shutil.rmtree(folder)
    write_record(folder, replace(record, config={**record.config, "seed": 5}))


DAMAGES = {
    "a digit of the record": (
        lambda run: edit(run / RECORD_FILE, b'"parameters": ', b'"parameters": 1'),
        f"{RECORD_FILE}: changed since it was written: expected SHA-256 ",
    ),
    "a bit of the epochs": (
        lambda run: edit(run / EPOCHS_FILE, b"PAR1", b"PAR2"),
        f"{EPOCHS_FILE}: damaged or replaced: expected SHA-256 ",
    ),
    "a cut file": (lambda run: (run / "predictions").write_bytes(b"123"), "found 3; put a copy of"),
    "a missing file": (lambda run: (run / "predictions").unlink(), "No such file"),
    "the configuration beside it": (
        lambda run: edit(run / CONFIG_FILE, b"seed: 0", b"seed: 1"),
        f"{CONFIG_FILE}: damaged",
    ),
    "another configuration": (change_seed, "its configuration has"),
    "a folder of another name": (lambda run: run.rename(run.with_name("other")), "another"),
    "no record": (lambda run: (run / RECORD_FILE).write_text("{}"), "not a record"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_any_damage_is_found(damage, sound, capsys):
    harm, message = DAMAGES[damage]
    harm(sound)
    code, out, _ = run(capsys, sound.parent, "--check")
    assert code == 1
    assert any(line.startswith("wrong: ") and message in line for line in out.splitlines()), out
    assert out.splitlines()[-1] == "1 record checked, 1 of them wrong"


def test_a_configuration_of_another_version_is_told_and_not_wrong(sound, capsys):
    import shutil

    record = read_records(sound).records[0]
    config = {key: value for key, value in record.config.items() if key != "compile"}
    shutil.rmtree(sound)
    write_record(sound, replace(record, config=config))
    code, out, _ = run(capsys, sound.parent, "--check")
    assert code == 0
    assert "its fingerprint cannot be compared: compile: is new since then" in out
    assert yaml.safe_load((sound / CONFIG_FILE).read_text()) == config


@pytest.mark.parametrize("evaluate_every", ["3", "milestones"])
def test_a_record_with_fewer_evaluations_is_found_sound(evaluate_every, tiny_spec, capsys):
    spec, config = tiny_spec("epochs=6", f"evaluate_every={evaluate_every}")
    record = make_record(
        name=spec.name, test_errors=[9.0] * 6, evaluate_every="3"
    )  # 3 is before the first drop
    values = {"fingerprint": spec.fingerprint, "config": asdict(config)}
    write_record(spec.folder, replace(record, evaluate_every=evaluate_every, **values))
    assert run(capsys, spec.study_folder, "--check") == (
        0, "1 record checked, 0 of them wrong\n", "",
    )  # fmt: skip


def test_a_record_of_before_evaluate_every_is_found_sound(tiny_spec, capsys):
    spec, config = tiny_spec()
    stored = asdict(config)
    del stored["evaluate_every"]
    values = {"fingerprint": spec.fingerprint, "config": stored}
    write_record(spec.folder, replace(make_record(name=spec.name), **values))
    path = spec.folder / RECORD_FILE
    content = json.loads(path.read_text())
    del content["evaluate_every"]
    write_signed(path, content)
    assert read_record(path).evaluate_every == "1"
    assert run(capsys, spec.study_folder, "--check") == (
        0, "1 record checked, 0 of them wrong\n", "",
    )  # fmt: skip
