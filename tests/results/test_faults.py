"""Nothing finished is lost, and nothing half is shown as whole, whatever happens."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from ensemble_switchover.results.layout import CONFIG_FILE, EPOCHS_FILE, RECORD_FILE
from ensemble_switchover.results.run_table import list_runs
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.results.store import read_record, read_records, write_record
from tests.factories import make_record

KILLED_WRITERS = """
import os, random, signal, sys, time
from dataclasses import replace
from pathlib import Path
from ensemble_switchover.results.store import write_failure, write_record
from tests.factories import make_record
from ensemble_switchover.results import epochs_file

os.fsync = lambda descriptor: None  # a killed process loses no page, and this is quicker
record = make_record()
table = epochs_file.dump_epochs_file(record.epochs)
epochs_file.dump_epochs_file = lambda rows: table  # most of the time is then spent on the files
draw = random.Random(0)
for trial in range(100):
    study = Path(sys.argv[1]) / f"study{trial}"
    study.mkdir()
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(tell, b".")
            for number in range(100_000):
                run = study / f"run{number}"
                if number % 2:
                    write_failure(run, run.name, "a first try that failed")
                write_record(run, replace(record, name=run.name), {"predictions": b"x" * 10_000})
        finally:
            os._exit(1)
    os.read(ready, 1)
    time.sleep(draw.uniform(0.0, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ready), os.close(tell)
"""

FULL_DISK = """
import resource, sys
from pathlib import Path
from ensemble_switchover.results.store import write_record
from tests.factories import make_record
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    write_record(Path(sys.argv[1]), make_record(seed=1), {"predictions": b"x" * 4_000})
except OSError as error:
    sys.exit(f"told: {error}")
"""

WORKER = """
import os, sys, time, types
from contextlib import nullcontext
from pathlib import Path
run = types.ModuleType("ensemble_switchover.runner.run")
sys.modules["ensemble_switchover.runner.run"] = run
sys.modules["ensemble_switchover.runner.finish"] = finish = types.ModuleType("finish")
sys.modules["ensemble_switchover.training.checkpoint"] = checkpoint = types.ModuleType("c")
sys.modules["ensemble_switchover.training"] = types.ModuleType("t")
sys.modules["ensemble_switchover.training.losses"] = losses = types.ModuleType("losses")
sys.modules["ensemble_switchover.tracking.loggers"] = loggers = types.ModuleType("loggers")
checkpoint.remove_checkpoints = lambda folder: None
losses.loss_fault = lambda error, recipe: None
loggers.MetricLog = lambda *arguments: nullcontext(types.SimpleNamespace(keep=str))
finish.summary_line = lambda record: record.name

from hydra import compose, initialize_config_dir
from ensemble_switchover.config.groups import conf_folder, register_schemas
from ensemble_switchover.config.resolve import resolve
from ensemble_switchover.config.schema import typed
from ensemble_switchover.runner.job import run_job
from tests.factories import make_record

trained = Path(sys.argv[2])

def train(cell, config, *, concurrent_jobs, log, keep):
    descriptor = os.open(trained / f"{cell.name}-{os.getpid()}", os.O_CREAT | os.O_EXCL)
    os.close(descriptor)
    time.sleep(0.05)
    return make_record(name=cell.name, seed=cell.seed)

run.train_and_measure = train
register_schemas()
with initialize_config_dir(str(conf_folder()), version_base="1.3"):
    node = compose("config", overrides=["logger=none", f"results={sys.argv[1]}"])
cells = []
for seed in range(int(sys.argv[3])):
    node.seed = seed
    config = typed(node)
    cells.append((resolve(config), config))

start, go = os.pipe()
children = []
for _ in range(int(sys.argv[4])):
    child = os.fork()
    if child:
        children.append(child)
        continue
    try:
        os.close(go)
        os.read(start, 1)  # until the parent closes its end
        for cell, config in cells:
            ending = run_job(cell, config, concurrent_jobs=1).ending
            os.write(1, f"{ending.value}\\n".encode())
        os._exit(0)
    except BaseException as error:
        os.write(2, repr(error).encode())
        os._exit(1)
os.close(go)
sys.exit(any(os.waitpid(child, 0)[1] for child in children))
"""


def python(code, *arguments, **keywords):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        **keywords,
    )


@contextmanager
def as_nobody():
    """Give up the rights of root, whom no permission stops."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.process
def test_a_writer_killed_at_any_moment_leaves_whole_records_or_none(tmp_path):
    writers = python(KILLED_WRITERS, tmp_path)
    _, errors = writers.communicate()
    assert writers.returncode == 0, errors
    num_records = 0
    for trial in range(100):
        study = tmp_path / f"study{trial}"
        found = read_records(study)
        assert not found.unreadable
        runs = [path for path in study.iterdir() if (path / RECORD_FILE).exists()]
        assert len(found.records) == len(runs)
        num_records += len(runs)
        for run in runs:
            names = {path.name for path in run.iterdir()}
            assert names == {RECORD_FILE, EPOCHS_FILE, CONFIG_FILE, "predictions"}
        states = set(list_runs(study)["state"])
        assert states <= {"finished", "failed"}
    assert num_records > 0


@pytest.mark.process
@pytest.mark.parametrize("limit", [0, 100, 2_000, 3_500])
def test_a_full_disk_costs_the_record_that_is_written_and_no_other(limit, tmp_path):
    write_record(tmp_path / "before", make_record())
    writer = python(FULL_DISK, tmp_path / "run", limit)
    _, errors = writer.communicate()
    assert writer.returncode == 1
    assert errors.startswith("told: [Errno 27] File too large")
    assert run_state(tmp_path / "run") is RunState.ABSENT
    assert not (tmp_path / "run").exists()
    assert read_records(tmp_path).records == [make_record()]


def test_a_read_only_folder_is_read_and_a_write_to_it_leaves_it_as_it_was():
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        write_record(root / "study" / "run", make_record())
        (root / "study" / "forbidden").mkdir()
        folders = [root, root / "study", root / "study" / "run"]
        for folder in (*folders, root / "study" / ".unfinished"):
            folder.chmod(0o555)
        (root / "study" / "forbidden").chmod(0)
        try:
            with as_nobody():
                found = read_records(root)
                assert found.records == [make_record()]
                assert [entry.path.parent.name for entry in found.unreadable] == ["forbidden"]
                assert run_state(root / "study" / "run") is RunState.FINISHED
                with pytest.raises(PermissionError):
                    write_record(root / "study" / "new", make_record())
            assert {path.name for path in (root / "study").iterdir()} == {
                "run", "forbidden", ".unfinished",
            }  # fmt: skip
        finally:
            for folder in (*folders, root / "study" / ".unfinished", root / "study" / "forbidden"):
                folder.chmod(0o755)


def work_together(tmp_path, num_processes, num_specs):
    """Let processes go through the same cells, and return how each one's ended."""
    (tmp_path / "trained").mkdir()
    workers = python(WORKER, tmp_path / "results", tmp_path / "trained", num_specs, num_processes)
    out, errors = workers.communicate()
    assert workers.returncode == 0, errors
    return out.split()


@pytest.mark.process
def test_two_processes_on_one_cell_train_it_once(tmp_path):
    endings = work_together(tmp_path, 2, 1)
    assert len(endings) == 2
    assert endings.count("trained") == 1
    assert len(read_records(tmp_path / "results").records) == 1


@pytest.mark.process
def test_eight_processes_share_a_sweep_and_train_every_cell_once(tmp_path):
    endings = work_together(tmp_path, 8, 12)
    assert len(endings) == 8 * 12
    assert endings.count("trained") == 12
    assert set(endings) <= {"trained", "busy", "reused"}
    assert len(list((tmp_path / "trained").iterdir())) == 12
    found = read_records(tmp_path / "results")
    assert sorted(record.seed for record in found.records) == list(range(12))
    assert not found.unreadable
    assert list((tmp_path / "results" / "runs" / ".unfinished").iterdir()) == []


def test_a_truncated_table_of_epochs_is_never_a_shorter_run(tmp_path):
    write_record(tmp_path / "run", make_record(test_errors=[9.0] * 40))
    path = tmp_path / "run" / EPOCHS_FILE
    content = path.read_bytes()
    for length in range(0, len(content), 97):
        path.write_bytes(content[:length])
        assert read_records(tmp_path).records == []
        assert run_state(tmp_path / "run") is RunState.UNREADABLE
        (row,) = list_runs(tmp_path).rows(named=True)
        assert row["state"] == "unreadable"
        assert EPOCHS_FILE in row["note"]
    path.write_bytes(content)
    assert len(read_record(tmp_path / "run" / RECORD_FILE).epochs) == 40


def test_a_truncated_record_is_never_another_record(tmp_path):
    write_record(tmp_path / "run", make_record())
    path = tmp_path / "run" / RECORD_FILE
    content = path.read_bytes()
    assert json.loads(content)
    for length in range(0, len(content) - 1, 53):
        path.write_bytes(content[:length])
        found = read_records(tmp_path)
        assert (found.records, len(found.unreadable)) == ([], 1)


ODD = [None, [], {}, "x", -1, 10**30, 1e308, True, [[]], {"a": 1}]


def paths_of(values, path=()):
    """List the way to every value within JSON."""
    yield path
    if isinstance(values, dict | list):
        keys = values if isinstance(values, dict) else range(len(values))
        for key in keys:
            yield from paths_of(values[key], (*path, key))


def put(values, path, value):
    for key in path[:-1]:
        values = values[key]
    values[path[-1]] = value


@pytest.mark.parametrize("version", [1, 2])
def test_a_record_with_odd_values_crashes_no_reader(version, tmp_path):
    write_record(tmp_path / "good", make_record())
    if version == 1:
        shutil.copytree(Path(__file__).parent / "data" / "version_1", tmp_path / "odd")
    else:
        write_record(tmp_path / "odd", make_record(design_class="deq"))
    path = tmp_path / "odd" / RECORD_FILE
    sound = path.read_text()
    draw = Random(0)
    plans = list(paths_of(json.loads(sound)))[1:]
    for number in range(150):
        values = json.loads(sound)
        put(values, draw.choice(plans), ODD[number % len(ODD)])
        path.write_text(json.dumps(values))
        found = read_records(tmp_path)
        assert len(found.records) + len(found.unreadable) == 2
        runs = list_runs(tmp_path)
        assert len(runs) == 2
        assert runs.filter(runs["folder"] == "good")["state"].to_list() == ["finished"]
        assert run_state(tmp_path / "odd") in (RunState.FINISHED, RunState.UNREADABLE)
