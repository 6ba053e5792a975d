"""`python -m ensemble_switchover.measure`: times by fake clocks, energy by fake counters, files."""

import ast
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from ensemble_switchover import measure
from ensemble_switchover.analysis.cascade.cascade_curve import CascadeReading
from ensemble_switchover.design import ImageTask
from ensemble_switchover.measure import (
    MIN_CALLS,
    MeasureError,
    RaplCounter,
    Sample,
    find_gpu,
    find_rapl,
    load_file,
    measure_joules,
    pass_batches,
    percentile,
    refuse_code,
    summarise_sample,
    time_alternately,
)
from ensemble_switchover.serving.cascade_folder import write_cascade_folder
from ensemble_switchover.serving.cascade_settings import CascadeSettings
from tests.serving.lookup_cascade import IMAGES as LOOKUP_IMAGES
from tests.serving.lookup_cascade import ORDER, drawn_probabilities, write_lookup_cascade

METADATA = {"run": "a_run", "fingerprint": "0123456789ab", "execution": "sequential"}


class Clock:
    """Seconds that pass only while a model sleeps."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def sleeper(self, durations, log=None, name=""):
        durations = iter(durations)

        def call():
            self.now += next(durations)
            if log is not None:
                log.append(name)

        return call


def endless(values):
    while True:
        yield from values


@pytest.mark.parametrize("q", [0, 25, 50, 90, 99, 100])
def test_percentiles_are_those_of_numpy(q):
    values = np.random.default_rng(q).exponential(size=37).tolist()
    assert percentile(values, q) == pytest.approx(np.percentile(values, q))


def test_a_model_that_sleeps_known_times_has_their_percentiles():
    clock = Clock()
    milliseconds = np.random.default_rng(0).permutation([1.0] * 85 + [2.0] * 10 + [8.0] * 5)
    (sample,) = time_alternately([[clock.sleeper(milliseconds / 1e3)]], 1.0, clock)
    figures = summarise_sample(sample, batch_size=4, num_images=4)
    assert figures["num_calls"] == MIN_CALLS == 100
    assert figures["p50_ms_per_call"] == pytest.approx(1.0)
    assert figures["p90_ms_per_call"] == pytest.approx(2.0)
    assert figures["p99_ms_per_call"] == pytest.approx(8.0)
    assert figures["mean_ms_per_image"] == pytest.approx(milliseconds.mean() / 4)
    assert figures["median_ms_per_image"] == pytest.approx(0.25)
    assert figures["images_per_second"] == pytest.approx(4e3 / milliseconds.mean())
    assert figures["steady"]


def test_repeats_go_on_until_the_quartiles_are_close():
    clock = Clock()
    jittery = [0.010, 0.020] * 60  # an interquartile range of 67 % of the median
    steady = endless([0.010])
    (sample,) = time_alternately([[clock.sleeper([*jittery, *[0.010] * 1000])]], 60.0, clock)
    calm = len(sample.calls) - len(jittery)
    values = np.array([*jittery, *[0.010] * calm])
    lower, middle, upper = np.percentile(values, [25, 50, 75])
    assert (upper - lower) / middle < 0.05
    lower, middle, upper = np.percentile(values[:-1], [25, 50, 75])
    assert (upper - lower) / middle >= 0.05
    (sample,) = time_alternately([[clock.sleeper(steady)]], 60.0, clock)
    assert len(sample.calls) == MIN_CALLS


def test_the_time_limit_ends_what_never_gets_steady():
    clock = Clock()
    begin = clock()
    (sample,) = time_alternately([[clock.sleeper(endless([0.1, 0.2]))]], 6.0, clock)
    assert clock() - begin == pytest.approx(6.0, abs=0.2)
    assert not sample.is_steady
    assert summarise_sample(sample, 1, 1)["p99_ms_per_call"] is None  # of 40 calls


def test_models_take_turns_and_share_the_limit():
    clock, log = Clock(), []
    calls = [[clock.sleeper(endless([0.01, 0.02]), log, name)] for name in "ab"]
    first, second = time_alternately(calls, 3.0, clock)
    assert log[:6] == ["a", "b", "a", "b", "a", "b"]
    assert len(first.passes) == len(second.passes)
    assert clock() - 100.0 == pytest.approx(6.0, abs=0.1)


def test_the_pass_of_a_cascade_counts_and_not_the_spread_of_its_calls():
    clock = Clock()
    batches = [clock.sleeper(endless([seconds])) for seconds in (0.001, 0.001, 0.004)]
    (sample,) = time_alternately([batches], 5.0, clock)
    figures = summarise_sample(sample, batch_size=1, num_images=3)
    assert figures["steady"]
    assert figures["spread_percent"] == pytest.approx(0)
    assert figures["mean_ms_per_image"] == pytest.approx(2.0)
    assert (figures["p50_ms_per_call"], figures["p99_ms_per_call"]) == pytest.approx((1.0, 4.0))


def rapl_tree(root, energy):
    zones = {
        "intel-rapl:0": ("package-0", energy[0]),
        "intel-rapl:0:0": ("core", 5),
        "intel-rapl:1": ("package-1", energy[1]),
        "intel-rapl:2": ("psys", 7),
    }
    for zone, (name, value) in zones.items():
        (root / zone).mkdir(parents=True, exist_ok=True)
        (root / zone / "name").write_text(f"{name}\n")
        (root / zone / "max_energy_range_uj").write_text("999999\n")
        (root / zone / "energy_uj").write_text(f"{value}\n")


def test_packages_are_counted_once_and_counters_wrap_around(tmp_path):
    rapl_tree(tmp_path, (100_000, 900_000))
    counters, why = find_rapl(tmp_path)
    assert (len(counters), why) == (2, None)
    clock = Clock()
    sleep = clock.sleeper(endless([0.5]))

    def call():
        sleep()
        rapl_tree(tmp_path, (350_000, 150_000))  # the second went over 999,999

    passes, joules, gpu = measure_joules([call, sleep], 1.0, counters, None, clock)
    assert (passes, gpu) == (1, None)
    assert joules == pytest.approx(0.25 + 0.25)


def test_the_gpu_is_read_beside_it(tmp_path):
    readings = iter([10.0, 13.5])
    clock = Clock()
    found = measure_joules([clock.sleeper(endless([0.6]))], 1.0, [], lambda: next(readings), clock)
    assert found == (2, None, pytest.approx(3.5))


class FakeNvml:
    """Two GPUs: that of index 1, or of UUID `GPU-b`, draws; the other's driver tells nothing."""

    class NVMLError(Exception):
        pass

    def __init__(self):
        self.millijoules = 1_000

    def nvmlInit(self):  # noqa: N802 - NVML's own names
        pass

    def nvmlDeviceGetHandleByIndex(self, index):  # noqa: N802
        return index

    def nvmlDeviceGetHandleByUUID(self, uuid):  # noqa: N802
        return {"GPU-a": 0, "GPU-b": 1}[uuid]

    def nvmlDeviceGetName(self, gpu):  # noqa: N802
        return f"GPU {gpu}"

    def nvmlDeviceGetTotalEnergyConsumption(self, gpu):  # noqa: N802
        if gpu == 0:
            raise self.NVMLError("Not Supported")
        self.millijoules += 250
        return self.millijoules


@pytest.mark.parametrize("visible", ["1", "1,0", "GPU-b"])
def test_the_joules_are_those_of_the_first_gpu_that_cuda_shows(visible, monkeypatch):
    nvml = FakeNvml()
    monkeypatch.setattr(measure, "find_spec", lambda name: name)
    monkeypatch.setattr(measure, "import_module", lambda name: nvml)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    name, read, why = find_gpu()
    assert (name, why) == ("GPU 1", None)
    assert read() - read() == pytest.approx(-0.25)


def test_a_gpu_without_a_counter_is_told(monkeypatch):
    monkeypatch.setattr(measure, "find_spec", lambda name: name)
    monkeypatch.setattr(measure, "import_module", lambda name: FakeNvml())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert find_gpu() == ("GPU 0", None, "no joules of the GPU: Not Supported")
    monkeypatch.setattr(measure, "find_spec", lambda name: None)
    assert find_gpu()[2] == "no joules of the GPU: nvidia-ml-py is not installed"


def test_a_counter_for_root_alone_is_told(tmp_path, monkeypatch):
    rapl_tree(tmp_path, (1, 2))
    read = Path.read_text

    def denied(path, *arguments):
        if path.name == "energy_uj":
            raise PermissionError(13, "Permission denied")
        return read(path, *arguments)

    monkeypatch.setattr(Path, "read_text", denied)
    counters, why = find_rapl(tmp_path)
    assert counters == []
    assert "may be read by root alone" in why


def test_no_counter_is_told(tmp_path):
    counters, why = find_rapl(tmp_path)
    assert counters == []
    assert why == f"no joules of the processor: no intel-rapl:* with a package in {tmp_path}"
    assert RaplCounter(tmp_path, 9).joules(before=8, after=3) == pytest.approx(5e-6)


WEIGHTS = np.random.default_rng(1).normal(size=(12, 3)).astype(np.float32) / 50


@pytest.fixture(scope="module")
def onnx_file(tmp_path_factory):
    """Write a linear classifier of images of 3 x 2 x 2."""
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Flatten", ["floats"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["batch", 3, 2, 2])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 3])],
        [numpy_helper.from_array(WEIGHTS, "weights")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    helper.set_model_props(model, METADATA)
    path = tmp_path_factory.mktemp("onnx") / "linear.onnx"
    onnx.save(model, path)
    return path


class Linear(torch.nn.Module):
    def forward(self, images):
        return (images.float().flatten(1) @ torch.from_numpy(WEIGHTS)).softmax(dim=1)


@pytest.fixture(scope="module")
def torch_file(tmp_path_factory):
    example = torch.zeros(2, 3, 2, 2, dtype=torch.uint8)
    batch = torch.export.Dim("batch", min=1)
    program = torch.export.export(Linear(), (example,), dynamic_shapes=({0: batch},))
    path = tmp_path_factory.mktemp("pt2") / "linear.pt2"
    torch.export.save(program, path, extra_files={measure.EXTRA_FILE: json.dumps(METADATA)})
    return path


@pytest.fixture
def images(tmp_path):
    generator = np.random.default_rng(2)
    path = tmp_path / "images.npz"
    pixels = generator.integers(0, 256, (300, 3, 2, 2), dtype=np.uint8)
    np.savez(path, images=pixels, labels=generator.integers(0, 3, 300))
    return path


def call(capsys, *arguments):
    capsys.readouterr()
    try:
        code = measure.main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


QUICK = ("--seconds", "0.05", "--warm-up-seconds", "0.001", "--batch-sizes", "1", "8")


def test_the_json_has_units_and_the_run_and_nothing_of_this_machines_names(
    onnx_file, torch_file, tmp_path, capsys
):
    out = tmp_path / "timing.json"
    code, shown, _ = call(capsys, onnx_file, torch_file, *QUICK, "--threads", 1, "--json", out)
    assert code == 0
    assert shown.endswith(f"{out}\n")
    text = out.read_text()
    for private in (str(tmp_path), str(onnx_file.parent), platform.node(), str(Path.home())):
        assert private not in text
    found = json.loads(text)
    assert (found["schema"], found["threads"], found["images"]) == (
        measure.TIMING_SCHEMA,
        1,
        "noise",
    )
    assert [(m["kind"], m["runtime"], m["file"]) for m in found["models"]] == [
        ("onnx", "onnxruntime", "linear.onnx"),
        ("torch_export", "torch", "linear.pt2"),
    ]
    for model in found["models"]:
        assert {name: model[name] for name in METADATA} == METADATA
        assert [row["batch_size"] for row in model["timings"]] == [1, 8]
        for row in model["timings"]:
            assert 0 < row["p50_ms_per_call"] <= row["p90_ms_per_call"]
            per_image = 1e3 / row["images_per_second"]
            assert row["mean_ms_per_image"] == pytest.approx(per_image)
    assert found["versions"].keys() == {"python", "numpy", "onnxruntime", "torch"}


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def test_reduced_precisions_tell_their_error_and_difference(onnx_file, images, tmp_path, capsys):
    out = tmp_path / "timing.json"
    precisions = ("--precision", "float32", "float16", "int8")
    given = (*precisions, "--images", images, "--json", out)
    code, shown, _ = call(capsys, onnx_file, *given, *QUICK)
    assert code == 0
    exact, half, eight = json.loads(out.read_text())["models"]
    with np.load(images) as arrays:
        pixels, labels = arrays["images"], arrays["labels"]
    flat = pixels.reshape(300, 12).astype(np.float64)
    expected = softmax(flat @ WEIGHTS.astype(np.float64))
    assert exact["error_percent"] == pytest.approx(100 * (expected.argmax(1) != labels).mean())
    assert "largest_probability_difference" not in exact
    rounded = softmax(flat @ WEIGHTS.astype(np.float16).astype(np.float64))
    bound = 4 * np.abs(rounded - expected).max() + 2e-3
    assert 0 < half["largest_probability_difference"] <= bound
    assert half["largest_probability_difference"] < eight["largest_probability_difference"] < 0.2
    assert "linear.onnx (int8): " in shown
    assert exact["sha256"] == eight["sha256"]


def test_both_runtimes_give_the_same_probabilities(onnx_file, torch_file):
    pixels = np.random.default_rng(3).integers(0, 256, (7, 3, 2, 2), dtype=np.uint8)
    answers = [
        load_file(path, "float32", 1, "cpu").predict(pixels) for path in (onnx_file, torch_file)
    ]
    assert np.abs(answers[0] - answers[1]).max() < 1e-6


def test_a_pass_of_a_cascade_goes_evenly_through_the_images():
    pixels = np.arange(1000, dtype=np.uint16).astype(np.uint8).reshape(1000, 1, 1, 1)
    batches = pass_batches((1, 1, 1), 32, pixels, whole=True)
    assert [len(batch) for batch in batches] == [32] * 16
    few = pass_batches((1, 1, 1), 8, pixels[:3], whole=True)
    assert [len(batch) for batch in few] == [8]
    (noise,) = pass_batches((3, 2, 2), 5, None, whole=False)
    assert noise.shape == (5, 3, 2, 2)


def plain_cascade(probabilities, order, threshold):
    """Ask the members of one image after another, in double precision."""
    answers, asked = [], []
    for image in range(probabilities.shape[1]):
        for number in range(1, len(order) + 1):
            mean = probabilities[list(order[:number]), image].astype(np.float64).mean(axis=0)
            if mean.max() >= threshold or number == len(order):
                break
        answers.append(mean.argmax())
        asked.append(number)
    return np.array(answers), np.array(asked)


@pytest.fixture
def lookup_images(tmp_path):
    path = tmp_path / "lookup.npz"
    labels = np.random.default_rng(5).integers(0, 5, len(LOOKUP_IMAGES))
    np.savez(path, images=LOOKUP_IMAGES, labels=labels)
    return path


def test_a_cascade_is_timed_on_images_and_tells_whom_it_asks(lookup_images, tmp_path, capsys):
    probabilities = drawn_probabilities()
    folder = write_lookup_cascade(tmp_path / "cascade", probabilities, threshold=0.8)
    with np.load(lookup_images) as arrays:
        labels = arrays["labels"]
    answers, asked = plain_cascade(probabilities, ORDER, 0.8)
    assert 1 < asked.mean() < 4
    out = tmp_path / "timing.json"
    code, shown, _ = call(capsys, folder, *QUICK, "--images", lookup_images, "--json", out)
    assert code == 0
    (model,) = json.loads(out.read_text())["models"]
    assert (model["kind"], model["execution"], model["run"]) == ("cascade", "cascade", "a run")
    assert (model["rule"], model["threshold"], model["order"]) == ("confidence", 0.8, list(ORDER))
    assert model["mean_members"] == pytest.approx(asked.mean())
    for q in (50, 90, 99):
        suffices = CascadeReading(0.0, 0.0, asked).members_sufficing(q / 100)
        assert model[f"members_p{q}"] == suffices
    assert model["error_percent"] == pytest.approx(100 * (answers != labels).mean())
    assert [row["images_per_pass"] for row in model["timings"]] == [40, 40]
    assert model["timings"][0]["num_calls"] == 40 * model["timings"][0]["num_passes"]
    assert f"{asked.mean():.2f} members asked on average" in shown

    code, _, err = call(capsys, folder / "cascade.json", *QUICK)
    assert code == 2
    assert "noise tells nothing of it" in err


def test_files_beside_a_cascade_go_through_the_same_images(lookup_images, tmp_path, capsys):
    folder = write_lookup_cascade(tmp_path / "cascade", drawn_probabilities())
    out = tmp_path / "timing.json"
    given = (*QUICK, "--images", lookup_images, "--json", out)
    assert call(capsys, folder, folder / "member-0.onnx", *given)[0] == 0
    cascade, member = json.loads(out.read_text())["models"]
    for one, other in zip(cascade["timings"], member["timings"], strict=True):
        assert one["images_per_pass"] == other["images_per_pass"] == 40
        assert one["num_calls"] == other["num_calls"]


def test_a_cascade_is_reduced_member_by_member(lookup_images, tmp_path, capsys):
    folder = write_lookup_cascade(tmp_path / "cascade", drawn_probabilities())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    out = tmp_path / "timing.json"
    given = ("--precision", "float32", "float16", *QUICK, "--images", lookup_images, "--json", out)
    assert call(capsys, folder, *given)[0] == 0
    exact, half = json.loads(out.read_text())["models"]
    assert half["bytes"] < exact["bytes"]
    assert half["sha256"] == exact["sha256"]
    assert 0 < half["largest_probability_difference"] < 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    (folder / "member-0.onnx").write_bytes(b"another")
    for precision in ("float32", "float16"):
        code, _, err = call(capsys, folder, "--images", lookup_images, "--precision", precision)
        assert code == 2
        assert "member-0.onnx: damaged or replaced" in err


def test_a_cascade_of_torch_is_looked_into_before_it_is_loaded(
    torch_file, images, tmp_path, capsys
):
    pickled = rewritten(
        torch_file, tmp_path / "pickled.pt2", "weights_config.json",
        lambda _: b'{"config": {"w": {"use_pickle": true, "tensor_meta": null}}}',
    )  # fmt: skip
    for member, code in ((torch_file, 0), (pickled, 2)):
        folder = tmp_path / f"of_{member.stem}"
        folder.mkdir()
        write_cascade_folder(
            folder, [member.read_bytes()] * 2,
            CascadeSettings(rule="confidence", threshold=0.9, order=(0, 1)),
            form="torch_export", suffix=".pt2", task=ImageTask(3, 2, 3), class_names=(), facts={},
        )  # fmt: skip
        ended, _, err = call(capsys, folder, *QUICK, "--images", images)
        assert ended == code
        assert ("has pickled objects" in err) == (code == 2)
    code, _, err = call(capsys, tmp_path / f"of_{torch_file.stem}", "--precision", "int8")
    assert "expected --precision float32 and --device cpu for members of .pt2" in err


def test_it_runs_on_the_python_of_old_boards():
    ast.parse(Path(measure.__file__).read_text(), feature_version=(3, 9))


def test_mistakes_are_one_sentence(onnx_file, images, tmp_path, capsys):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"nothing")
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, int))
    floats = tmp_path / "floats.npz"
    np.savez(floats, images=np.zeros((2, 1, 8, 8)), labels=np.zeros(2, int))
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, images=np.array([{}], dtype=object), labels=np.zeros(2, int))
    cascade = tmp_path / "cascade"
    cascade.mkdir()
    for arguments, said in [
        ((tmp_path / "absent.onnx",), "absent.onnx: No such file or directory"),
        ((tmp_path / "file.txt",), "expected a file that ends in .onnx or .pt2"),
        ((damaged,), "damaged.onnx: onnxruntime cannot load it"),
        ((onnx_file, "--images", wrong), "got (1, 8, 8)"),
        ((onnx_file, "--images", floats), "expected images of uint8 (N, C, H, W)"),
        ((onnx_file, "--images", pickled), "expected a NumPy archive with images and labels"),
        ((onnx_file, "--device", "cuda"), "has no CUDAExecutionProvider"),
        ((cascade,), "cascade.json: No such file or directory"),
        ((onnx_file, *QUICK, "--json", tmp_path / "no" / "x.json"), "No such file or directory"),
    ]:
        code, _, err = call(capsys, *arguments)
        assert code == 2
        assert said in err.splitlines()[-1]
        assert "Traceback" not in err


@pytest.mark.parametrize("package", ["onnxruntime", "onnx", "torch"])
def test_a_missing_package_is_one_sentence(package, onnx_file, torch_file, monkeypatch, capsys):
    find = measure.find_spec
    monkeypatch.setattr(measure, "find_spec", lambda name: None if name == package else find(name))
    path = torch_file if package == "torch" else onnx_file
    code, _, err = call(capsys, path, "--precision", "int8" if package == "onnx" else "float32")
    assert code == 2
    assert err.endswith(f"which is not installed here; pip install {package}\n")


def test_what_the_tools_cannot_convert_is_one_sentence(onnx_file, monkeypatch, capsys):
    def absent(name):
        raise ImportError(f"no module named {name}")

    load = measure.import_module
    monkeypatch.setattr(
        measure, "import_module", lambda name: (absent if "quantization" in name else load)(name)
    )
    code, _, err = call(capsys, onnx_file, "--precision", "int8")
    assert code == 2
    assert err == "--precision int8: no module named onnxruntime.quantization\n"


class Payload:
    """What a pickle can do to the machine that reads it."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (self.path,)


def rewritten(source, target, name_end, change):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            changed = change(content) if entry.filename.endswith(name_end) else content
            new.writestr(entry.filename, changed)
    return target


def test_a_pt2_that_would_run_code_is_not_loaded(torch_file, tmp_path, capsys):
    ran = tmp_path / "ran"
    refuse_code(torch_file)
    flag = b'"use_pickle": true, "tensor_meta": null'
    weights = rewritten(
        torch_file, tmp_path / "weights.pt2", "weights_config.json",
        lambda content: b'{"config": {"w": {"path_name": "w", ' + flag + b"}}}",
    )  # fmt: skip
    sizes = rewritten(
        torch_file, tmp_path / "sizes.pt2", "models/model.json",
        lambda content: content.replace(b"Symbol('", b"__import__('os').mkdir('x') or Symbol('"),
    )  # fmt: skip
    buffer = io.BytesIO()
    torch.save(Payload(str(ran)), buffer)
    inputs = rewritten(
        torch_file, tmp_path / "inputs.pt2", "sample_inputs/model.pt", lambda _: buffer.getvalue()
    )
    for path, said in [
        (weights, "has pickled objects"),
        (sizes, "as a size"),
        (inputs, "torch cannot load it"),
    ]:
        code, _, err = call(capsys, path)
        assert code == 2
        assert said in err
        assert not ran.exists()
    with pytest.raises(MeasureError, match=r"is no file of torch\.export"):
        refuse_code(__file__)


BY_ITSELF = """
import runpy, sys
sys.modules["ensemble_switchover"] = None
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.process
def test_the_file_runs_by_itself_where_the_program_is_not_installed(onnx_file, tmp_path):
    script = shutil.copy(measure.__file__, tmp_path / "measure.py")
    out = tmp_path / "timing.json"
    ended = subprocess.run(
        [sys.executable, "-c", BY_ITSELF, str(script), str(onnx_file), *QUICK, "--json", str(out)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(out.read_text())["models"][0]["fingerprint"] == METADATA["fingerprint"]


@pytest.mark.process
def test_the_help_imports_no_runtime():
    code = (
        "import sys\nfrom ensemble_switchover import measure\n"
        "try:\n    measure.main(['--help'])\nexcept SystemExit:\n"
        "    print(sorted({'torch', 'onnxruntime', 'numpy', 'onnx'} & set(sys.modules)))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120
    )
    assert ended.stdout.endswith("\n[]\n")


def test_a_spread_needs_ten_passes():
    assert Sample(passes=[0.001] * 9).spread == float("inf")
    assert summarise_sample(Sample([0.001] * 9, [0.001] * 9), 1, 1)["spread_percent"] is None
