"""Files are loaded by what they are; mistakes are one sentence."""

import numpy as np

from ensemble_switchover.measure.load import load_file
from tests.measure.linear_files import QUICK, call


def test_both_runtimes_give_the_same_probabilities(onnx_file, torch_file):
    pixels = np.random.default_rng(3).integers(0, 256, (7, 3, 2, 2), dtype=np.uint8)
    answers = [
        load_file(path, "float32", 1, "cpu").predict(pixels) for path in (onnx_file, torch_file)
    ]
    assert np.abs(answers[0] - answers[1]).max() < 1e-6


def test_mistakes_are_one_sentence(onnx_file, images, tmp_path, capsys):
    damaged = tmp_path / "damaged.onnx"
    damaged.write_bytes(b"nothing")
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, images=np.zeros((2, 1, 8, 8), np.uint8), labels=np.zeros(2, int))
    floats = tmp_path / "floats.npz"
    np.savez(floats, images=np.zeros((2, 1, 8, 8)), labels=np.zeros(2, int))
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, images=np.array([{}], dtype=object), labels=np.zeros(2, int))
    array = tmp_path / "array.npy"
    np.save(array, np.zeros((2, 3, 2, 2), np.uint8))
    far, below, names = (tmp_path / f"{name}.npz" for name in ("far", "below", "names"))
    for path, labels in ((far, [0, 3]), (below, [-1, 0]), (names, ["cat", "dog"])):
        np.savez(path, images=np.zeros((2, 3, 2, 2), np.uint8), labels=np.array(labels))
    cascade = tmp_path / "cascade"
    cascade.mkdir()
    for arguments, said in [
        ((tmp_path / "absent.onnx",), "absent.onnx: No such file or directory"),
        ((tmp_path / "file.txt",), "expected a file that ends in .onnx or .pt2"),
        ((damaged,), "damaged.onnx: onnxruntime cannot load it"),
        ((onnx_file, "--images", wrong), "got (1, 8, 8)"),
        ((onnx_file, "--images", floats), "expected images of uint8 (N, C, H, W)"),
        ((onnx_file, "--images", pickled), "expected a NumPy archive with images and labels"),
        ((onnx_file, "--images", array), "got one array; numpy.savez writes an archive"),
        ((onnx_file, *QUICK, "--images", far), "labels from 0 to 2, the classes of linear.onnx"),
        ((onnx_file, "--images", below), "expected labels that are the numbers of the classes"),
        ((onnx_file, "--images", names), "expected labels that are the numbers of the classes"),
        ((onnx_file, "--device", "cuda"), "has no CUDAExecutionProvider"),
        ((cascade,), "cascade.json: No such file or directory"),
        ((onnx_file, *QUICK, "--json", damaged / "x.json"), "x.json: Not a directory"),
        ((onnx_file, "--json", tmp_path / "record.json"), "which is never overwritten"),
        ((onnx_file, "--write-script"), "--write-script: expected no FILE to time beside it"),
        ((), "the following arguments are required: FILE"),
    ]:
        code, _, err = call(capsys, *arguments)
        assert code == 2
        assert said in err.splitlines()[-1]
        assert "Traceback" not in err
