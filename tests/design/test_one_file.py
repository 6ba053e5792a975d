"""A family is one file: adding a new one takes that file and no other change."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ensemble_switchover.config.schema import conf_folder
from ensemble_switchover.design import families

TOY = '''
"""A chain of 3x3 convolutions, depth n+1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from ensemble_switchover.design.family import Family
from ensemble_switchover.design.layers import Convolution, GlobalAveragePool, Linear, ReLU

if TYPE_CHECKING:
    from ensemble_switchover.design.layers import Network


@dataclass(frozen=True)
class Toy(Family):
    """The family."""

    kernel: int = 3

    name: ClassVar[str] = "toy"
    width_name: ClassVar[str] = "channels"
    default_depth: ClassVar[int] = 5
    default_width: ClassVar[int] = 8

    @property
    def depths(self) -> range:
        return range(2, 100)

    def layers(self, depth: int, width: int, num_classes: int) -> list[Network]:
        chain = [Convolution(width, self.kernel), ReLU()] * (depth - 1)
        return [*chain, GlobalAveragePool(), Linear(num_classes)]
'''

USE = """
import json, sys
from ensemble_switchover import designs, plan
from ensemble_switchover.config.command_line import run_command

words = ["arch=toy", "k=2"]
assert designs.main([*words, "arch.kernel=3,5", "--format", "json"]) == 0
print("---")
assert plan.main([*words, "design=single,deq,weq", "--format", "json"]) == 0
print("---")
import torch
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.networks import build_network
family, task = make_family("toy", {"kernel": 5}), ImageTask(1, 8, 10)
network = build_network(family, 4, 6, task)
print(json.dumps([family.parameters(4, 6, task), sum(p.numel() for p in network.parameters()),
                  list(network(torch.zeros(2, 1, 8, 8)).shape)]))
"""


def toy_parameters(depth, width, kernel=3):
    """Count the toy's parameters on digits by hand; its convolutions have no bias."""
    return (width + (depth - 2) * width**2) * kernel**2 + (width + 1) * 10


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """Copy the program and add one file to it."""
    root = tmp_path_factory.mktemp("program")
    package = root / "ensemble_switchover"
    source = Path(families.__file__).parents[2]
    ignored = shutil.ignore_patterns("__pycache__", "conf")
    shutil.copytree(source, package, ignore=ignored)
    shutil.copytree(conf_folder(), root / "conf")
    (package / "design" / "families" / "toy.py").write_text(TOY)
    return root


def run(program, folder, *arguments):
    ended = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(program)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_it_is_counted_solved_planned_and_built(program, tmp_path):
    output = run(program, tmp_path, "-c", USE)
    designs, plan, built = (json.loads(part) for part in output.split("---"))
    assert [(row["options"], row["design_class"]) for row in designs] == [
        (options, design) for options in ("", "kernel=5") for design in ("single", "deq", "weq")
    ]
    for row in designs:
        kernel = 5 if row["options"] else 3
        single = toy_parameters(5, 8, kernel)
        assert row["budget_parameters"] == single
        assert row["member_parameters"] == toy_parameters(row["depth"], row["width"], kernel)
        if row["design_class"] == "deq":
            assert row["depth"] == 5
            assert 2 * toy_parameters(5, row["width"] + 1, kernel) > single >= row["parameters"]
        if row["design_class"] == "weq":
            assert row["width"] == 8
            assert 2 * toy_parameters(row["depth"] + 1, 8, kernel) > single >= row["parameters"]
    assert [row["design_class"] for row in plan] == ["single", "deq", "weq"]
    assert built == [toy_parameters(4, 6, 5)] * 2 + [[2, 10]]


def test_it_is_trained_and_reported(program, tmp_path):
    words = (
        "arch=toy", "arch.kernel=1", "design=deq", "k=2", "epochs=1", "logger=none", "device=cpu",
        "dataset.train_size=40", "dataset.test_size=60", "measurement.latency_batch_sizes=[1]",
        "measurement.latency_seconds=0.01",
    )  # fmt: skip
    assert "2 toys" in run(program, tmp_path, "-m", "ensemble_switchover", *words)
    (record,) = tmp_path.rglob("record.json")
    design = json.loads(record.read_text())["design"]
    assert (design["family"], design["family_options"], design["k"]) == ("toy", {"kernel": 1}, 2)
    shown = run(program, tmp_path, "-m", "ensemble_switchover", "--help")
    assert "densenet|resnet|toy|vgg|wide_resnet" in shown
