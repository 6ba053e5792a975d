"""A linear classifier of images of 3 x 2 x 2, its files rewritten, and what `measure` says."""

import zipfile

import numpy as np
import torch

from ensemble_switchover.measure.__main__ import main

METADATA = {"run": "a_run", "fingerprint": "0123456789ab", "execution": "sequential"}


WEIGHTS = np.random.default_rng(1).normal(size=(12, 3)).astype(np.float32) / 50


class Linear(torch.nn.Module):
    def forward(self, images):
        return (images.float().flatten(1) @ torch.from_numpy(WEIGHTS)).softmax(dim=1)


QUICK = ("--seconds", "0.05", "--warm-up-seconds", "0.001", "--batch-sizes", "1", "8")


def call(capsys, *arguments):
    capsys.readouterr()
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = end.code
    return code, *capsys.readouterr()


def rewritten(source, target, name_end, change):
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            changed = change(content) if entry.filename.endswith(name_end) else content
            new.writestr(entry.filename, changed)
    return target


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
