"""The runner of an exported cascade, by itself, compared with a plain loop over images."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ensemble_switchover.serving import onnx_cascade
from ensemble_switchover.serving.onnx_cascade import (
    CascadeError,
    OnnxCascade,
    TorchCascade,
    decode_images,
    open_cascade,
)
from tests.serving.lookup_cascade import (
    IMAGES,
    NUM_IMAGES,
    ORDER,
    drawn_probabilities,
    rewrite_manifest,
    write_lookup_cascade,
)
from tests.serving.test_cascade import plain_cascade, plain_score

PROBABILITIES = drawn_probabilities()


@pytest.fixture
def folder(tmp_path):
    return write_lookup_cascade(tmp_path / "cascade", PROBABILITIES)


def thresholds(rule):
    """Return thresholds midway between scores of any number of members, and the ends."""
    scores = np.sort(
        [
            plain_score(PROBABILITIES[list(ORDER[:m]), image].sum(0) / np.float32(m), rule)
            for image in range(NUM_IMAGES)
            for m in (1, 2, 3)
        ]
    )
    return [0.0, *((scores[n] + scores[n + 1]) / 2 for n in range(5, len(scores) - 1, 12)), 1.5]


@pytest.mark.parametrize("rule", ["confidence", "margin"])
def test_every_image_is_answered_as_by_a_loop_over_members(rule, tmp_path):
    seen = set()
    for threshold in thresholds(rule):
        cascade = OnnxCascade(
            write_lookup_cascade(tmp_path, PROBABILITIES, threshold, rule), threads=1
        )
        cascade.load_all()
        expected, members = plain_cascade(PROBABILITIES, ORDER, rule, threshold)
        for batch_size in (1, 7, NUM_IMAGES):
            answers = [
                cascade.predict(IMAGES[start : start + batch_size])
                for start in range(0, NUM_IMAGES, batch_size)
            ]
            probabilities, asked = map(np.concatenate, zip(*answers, strict=True))
            assert probabilities.dtype == np.float32
            assert np.array_equal(probabilities, expected)  # to the last bit
            assert np.array_equal(asked, members)
        seen |= set(members.tolist())
    assert seen == {1, 2, 3, 4}


def test_another_threshold_may_be_asked_for(folder):
    for threshold in (0, 0.5, np.float32(0.75), 2):
        cascade = OnnxCascade(folder, threshold=threshold)
        _, members = plain_cascade(PROBABILITIES, ORDER, "confidence", threshold)
        assert np.array_equal(cascade.predict(IMAGES)[1], members)


def test_a_member_that_no_image_needs_is_not_loaded(folder):
    (folder / "member-1.onnx").unlink()  # the last that is asked
    cascade = OnnxCascade(folder, threshold=0)
    assert cascade.predict(IMAGES)[1].tolist() == [1] * NUM_IMAGES
    with pytest.raises(CascadeError, match=r"member-1\.onnx: No such file or directory"):
        cascade.load_all()


def test_an_image_without_a_number_asks_all_and_changes_no_other(tmp_path):
    damaged = PROBABILITIES.copy()
    damaged[ORDER[0], 3] = np.nan
    before = OnnxCascade(write_lookup_cascade(tmp_path / "a", PROBABILITIES)).predict(IMAGES)
    for rule in ("confidence", "margin"):
        folder = write_lookup_cascade(tmp_path / rule, damaged, rule=rule)
        probabilities, asked = OnnxCascade(folder).predict(IMAGES)
        assert asked[3] == 4
        assert np.isnan(probabilities[3]).all()
        if rule == "confidence":
            assert np.array_equal(np.delete(asked, 3), np.delete(before[1], 3))


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES.tolist(), "found list"),
        (IMAGES / 255, r"found float64; \(255 \* images\)\.round\(\)\.astype"),
        (IMAGES[0], r"found the shape \(1, 1, 1\)"),
        (IMAGES[:0], r"at least one, found the shape \(0, 1, 1, 1\)"),
        (IMAGES.reshape(-1, 1, 2, 1), r"uint8 images \(B, 1, 1, 1\), at least one, found the sha"),
    ],
)
def test_other_images_are_one_sentence(images, message, folder):
    with pytest.raises(CascadeError, match=message) as caught:
        OnnxCascade(folder).predict(images)
    assert "\n" not in str(caught.value)


MEMBER = {"file": "member-0.onnx", "sha256": "0" * 64}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema": "ensemble_switchover/cascade/2"}, "schema: expected ensemble_switchover/casc"),
        ({"schema": None}, "schema: expected ensemble_switchover/cascade/1, found nothing"),
        ({"format": "tflite"}, "format: expected onnx or torch_export, found 'tflite'"),
        ({"rule": "entropy"}, "rule: expected confidence or margin, found 'entropy'"),
        ({"threshold": -0.1}, "threshold: expected a finite number of at least 0, found -0.1"),
        ({"threshold": float("nan")}, "threshold: expected a finite number"),
        ({"threshold": True}, "threshold: expected a finite number of at least 0, found True"),
        ({"threshold": "0.5"}, "threshold: expected a finite number"),
        ({"order": [0, 1, 2, 2]}, "order: expected each of the members 0 to 3 once"),
        ({"order": [0, 1, 2]}, "order: expected each of the members 0 to 3 once"),
        ({"order": [0.0, 1, 2, 3]}, "order: expected each of the members 0 to 3 once"),
        ({"members": []}, "members: expected a list of files"),
        ({"members": ["member-0.onnx"]}, "members: expected a list of files"),
        ({"members": [{**MEMBER, "sha256": "0"}]}, "members: expected a list of files"),
        ({"members": [{**MEMBER, "file": "../member-0.onnx"}]}, "in the folder itself"),
        ({"members": [{**MEMBER, "file": "/etc/passwd"}]}, "in the folder itself"),
        ({"members": [{**MEMBER, "file": "a\\b"}]}, "in the folder itself"),
        ({"members": [{**MEMBER, "file": "C:a"}]}, "in the folder itself"),
        ({"members": [{**MEMBER, "file": ".."}]}, "in the folder itself"),
        (
            {"image_shape": [1, 8]},
            r"image_shape: expected three sizes, \(C, H, W\), found \[1, 8\]",
        ),
        ({"averaged_from": 1}, "averaged_from: expected a larger side than that of the images"),
        ({"averaged_from": "8"}, "averaged_from: expected a larger side than .*, found '8'"),
        ({"class_names": "ab"}, "class_names: expected a list of texts, found 'ab'"),
    ],
)
def test_a_wrong_manifest_is_one_sentence(changes, message, folder):
    rewrite_manifest(folder, **changes)
    with pytest.raises(CascadeError, match=message) as caught:
        open_cascade(folder)
    assert "\n" not in str(caught.value)
    assert str(folder / "cascade.json") in str(caught.value)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff\xfe", b"7"])
def test_other_text_is_no_manifest(content, folder):
    (folder / "cascade.json").write_bytes(content)
    with pytest.raises(CascadeError, match=r"cascade\.json: "):
        open_cascade(folder)


def test_a_file_that_is_not_the_exported_one_is_refused(folder):
    path = folder / "member-2.onnx"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CascadeError, match=r"member-2\.onnx: damaged or replaced: expected SHA-2"):
        OnnxCascade(folder).predict(IMAGES)


def test_a_folder_without_a_cascade_and_one_of_another_format_are_refused(folder, tmp_path):
    with pytest.raises(CascadeError, match=r"cascade\.json: No such file or directory; expected"):
        open_cascade(tmp_path)
    with pytest.raises(CascadeError, match="format: expected torch_export, found onnx"):
        TorchCascade(folder)
    with pytest.raises(CascadeError, match="threshold: expected a finite number"):
        OnnxCascade(folder, threshold=float("inf"))


def test_a_picture_is_made_what_ensembles_are_trained_on(tmp_path):
    from ensemble_switchover.config.image_file import read_image
    from ensemble_switchover.data.sources import folder as image_folder

    pixels = np.random.default_rng(0).integers(256, size=(30, 41, 4), dtype=np.uint8)
    for mode, channels in (("RGBA", 3), ("RGB", 3), ("L", 1), ("P", 3)):
        path = tmp_path / f"{mode}.png"
        Image.fromarray(pixels, "RGBA").convert(mode).save(path)
        image, _ = read_image(path, channels)
        expected = np.asarray(image_folder._central_square(image, 8)).reshape(8, 8, channels)
        found = decode_images(path, (channels, 8, 8))
        assert found.shape == (1, channels, 8, 8)
        assert np.array_equal(found[0].transpose(1, 2, 0), expected)


@pytest.mark.parametrize("side", [4, 3])
def test_a_picture_is_averaged_where_the_images_of_the_training_were(side, tmp_path):
    from ensemble_switchover.data.area_means import area_means

    pixels = np.random.default_rng(0).integers(256, size=(3, 8, 8), dtype=np.uint8)
    path = tmp_path / "whole.png"
    Image.fromarray(pixels.transpose(1, 2, 0)).save(path)
    found = decode_images(path, (3, side, side), 8)
    assert np.array_equal(found, area_means(pixels[None], side))
    larger = tmp_path / "larger.png"
    Image.fromarray(pixels.transpose(1, 2, 0)).resize((41, 30)).save(larger)
    whole = decode_images(larger, (3, 8, 8))
    assert np.array_equal(decode_images(larger, (3, side, side), 8), area_means(whole, side))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.npy", None, "No such file"),
        ("text.npy", b"text", "could not read any"),
        ("text.png", b"text", "could not read any"),
    ],
)
def test_what_is_no_picture_is_one_sentence(name, content, message, tmp_path):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(CascadeError, match=message) as caught:
        decode_images(tmp_path / name, (1, 8, 8))
    assert "\n" not in str(caught.value)


def test_images_of_an_array_or_an_archive_are_checked(tmp_path):
    images = np.arange(128, dtype=np.uint8).reshape(2, 1, 8, 8)
    np.save(tmp_path / "one.npy", images[0])
    np.savez(tmp_path / "two.npz", images=images, labels=np.zeros(2))
    assert np.array_equal(decode_images(tmp_path / "one.npy", (1, 8, 8)), images[:1])
    assert np.array_equal(decode_images(tmp_path / "two.npz", (1, 8, 8)), images)
    (tmp_path / "named.npy").write_bytes((tmp_path / "two.npz").read_bytes())
    assert np.array_equal(decode_images(tmp_path / "named.npy", (1, 8, 8)), images)
    np.save(tmp_path / "empty.npy", images[:0])
    np.save(tmp_path / "nan.npy", np.full((2, 1, 8, 8), np.nan))
    np.savez(tmp_path / "labels.npz", labels=np.zeros(2))
    (tmp_path / "cut.npz").write_bytes((tmp_path / "two.npz").read_bytes()[:200])
    for name, said in [
        ("empty.npy", "at least one, found uint8 of (0, 1, 8, 8)"),
        ("nan.npy", "found float64 of (2, 1, 8, 8); (255 * images).round()"),
        ("labels.npz", "could not read any ('images is not a file in the archive')"),
        ("cut.npz", "could not read any (File is not a zip file)"),
    ]:
        with pytest.raises(CascadeError, match=re.escape(f"{name}: expected ")) as caught:
            decode_images(tmp_path / name, (1, 8, 8))
        assert said in str(caught.value)
        assert str(caught.value).count(name) == 1  # one sentence, not one within another


def test_a_picture_of_16_bits_is_refused(tmp_path):
    Image.fromarray(np.full((9, 9), 40_000, dtype=np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(CascadeError, match="expected 8 bits a pixel, found mode I"):
        decode_images(tmp_path / "deep.png", (1, 8, 8))


def alone(folder, *arguments, code=""):
    """Run the copied runner where nothing but it and installed packages can be imported."""
    program = ["-c", code] if code else [str(folder / "cascade.py")]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-I", *program, *map(str, arguments)],
        cwd=folder.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.process
def test_it_runs_where_nothing_of_this_program_is(folder, tmp_path):
    np.save(tmp_path / "images.npy", IMAGES)
    done = alone(folder, tmp_path / "images.npy", "--threads", "1", "--batch-size", "7")
    expected, members = plain_cascade(PROBABILITIES, ORDER, "confidence", 0.8)
    *lines, last = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    shown = [
        f"{tmp_path / 'images.npy'}[{row}]\t{'abcde'[mean.argmax()]}\t{mean.max():.4f}\t{number}"
        for row, (mean, number) in enumerate(zip(expected, members, strict=True))
    ]
    assert lines == shown
    assert last == f"# 40 images asked {members.mean():.2f} of 4 members on average"


@pytest.mark.process
def test_it_is_imported_where_nothing_of_this_program_is(folder):
    code = f"""
import builtins, sys
sys.path.insert(0, {str(folder)!r})
original = builtins.__import__
def only(name, *rest, **more):
    if name.partition(".")[0] in ("ensemble_switchover", "torch", "PIL"):
        raise ModuleNotFoundError(name)
    return original(name, *rest, **more)
builtins.__import__ = only
import numpy as np
from cascade import OnnxCascade
probabilities, asked = OnnxCascade({str(folder)!r}, 1).predict(
    np.arange(40, dtype=np.uint8)[:, None, None, None]
)
print(asked.tolist())
"""
    done = alone(folder, code=code)
    _, members = plain_cascade(PROBABILITIES, ORDER, "confidence", 0.8)
    assert (done.stdout.strip(), done.stderr) == (str(members.tolist()), "")


@pytest.mark.process
def test_a_mistake_is_one_line_and_exit_code_2(folder, tmp_path):
    done = alone(folder, tmp_path / "absent.npy")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"{tmp_path / 'absent.npy'}: expected images, and could not read any ([Errno 2] No such "
        f"file or directory: '{tmp_path / 'absent.npy'}')\n"
    )


def test_a_missing_package_is_named_with_the_command_that_installs_it(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CascadeError, match="python -m pip install onnxruntime"):
        OnnxCascade(folder).load_all()
    rewrite_manifest(folder, format="torch_export")
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(CascadeError, match="python -m pip install torch"):
        open_cascade(folder, threads=1)
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(CascadeError, match="Pillow, which reads it, is not installed"):
        decode_images(folder / "a.png", (1, 1, 1))


def test_the_command_line_is_checked(folder, capsys):
    with pytest.raises(SystemExit):
        onnx_cascade.main(["a.npy", "--folder", str(folder), "--batch-size", "0"])
    assert "expected at least 1" in capsys.readouterr().err
    code = onnx_cascade.main(["a.npy", "--folder", str(folder), "--threshold", "nan"])
    assert (code, capsys.readouterr().err.count("\n")) == (2, 1)


def test_it_is_written_for_python_3_9_and_imports_numpy_alone_at_its_beginning():
    tree = ast.parse(Path(onnx_cascade.__file__).read_text(), feature_version=(3, 9))
    imported = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert imported - sys.stdlib_module_names == {"numpy"}
