"""Extending the program: what a family, a data set, an execution, a figure and a metric take.

Each test adds its files to a copy of the program, or one entry, changes nothing else, and uses them
there.
"""

import json
import shutil
from pathlib import Path

import pytest

from ensemble_switchover.config.groups import conf_folder
from ensemble_switchover.design import families
from tests import program

pytestmark = pytest.mark.process

TINY_RUN = [
    "k=2", "epochs=1", "logger=none", "device=cpu", "dataset.train_size=40", "dataset.test_size=60",
    "measurement.latency_batch_sizes=[1]", "measurement.latency_seconds=0.01",
]  # fmt: skip

FAMILY = '''
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

USE_FAMILY = """
import sys
from ensemble_switchover import app, designs, plan

overrides = ["arch=toy", "k=2"]
assert designs.main([*overrides, "arch.kernel=3,5", "--format", "json"]) == 0
print("---")
assert plan.main([*overrides, "design=single,deq,weq", "--format", "json"]) == 0
print("---")
import json, torch
from ensemble_switchover.config.groups import group_options
from ensemble_switchover.design import ImageTask, make_family
from ensemble_switchover.networks import build_network
family, task = make_family("toy", {"kernel": 5}), ImageTask(1, 8, 10)
network = build_network(family, 4, 6, task)
print(json.dumps([family.parameters(4, 6, task), sum(p.numel() for p in network.parameters()),
                  list(network(torch.zeros(2, 1, 8, 8)).shape), group_options("arch")]))
print("---")
sys.argv[1:] = ["arch=toy", "arch.kernel=1", "design=deq", *sys.argv[1:]]
app.main()
"""

DATASET = '''
"""Stripes: class 0 lies, class 1 stands."""

import numpy as np

from ensemble_switchover.data.sources.source import DatasetArrays, DatasetSource


class Stripes(DatasetSource):
    """Made when they are asked for."""

    cached = False

    def identity(self, config, root):
        return "stripes"

    def decode(self, config, root):
        generator = np.random.default_rng(0)
        labels = np.arange(200) % 2
        images = generator.integers(0, 50, (200, 1, 8, 8), dtype=np.uint8)
        images[labels == 0, :, ::2] += 200
        images[labels == 1, :, :, ::2] += 200
        return DatasetArrays(images[:120], labels[:120], images[120:], labels[120:], ("-", "|"))


STRIPES = Stripes()
'''

DATASET_YAML = """
defaults:
  - schema/dataset@_here_
name: stripes
channels: 1
image_size: 8
num_classes: 2
train_images: 120
test_images: 80
augmentation: none
"""

USE_DATASET = """
import sys
from ensemble_switchover import app, plan

assert plan.main(["dataset=stripes", "--format", "json"]) == 0
print("---")
sys.argv[1:] = ["dataset=stripes", "budget.depth=8", *sys.argv[1:]]
app.main()
"""

EXECUTION = '''
"""All members in one step that takes one member after another."""

import torch

from ensemble_switchover.training.execution.base import Execution
from ensemble_switchover.training.execution.sequential import Sequential as OneByOne


class Loop(Execution):
    """One group of all members."""

    def __init__(self, members, optimizers, device, precision, **settings):
        self.one = OneByOne(members, optimizers, device, precision, **settings)

    @staticmethod
    def groups(k):
        return (tuple(range(k)),)

    def is_ready(self, group):
        return True

    def prepare(self, group):
        pass

    def _each(self, method, group, images, *rest):
        results = []
        for member in group:
            self.one.prepare((member,))
            own = [part[member][None] for part in (images, *rest)] if rest else [images]
            results.append(method((member,), *own))
        return results

    def train_step(self, group, images, labels):
        return torch.cat(self._each(self.one.train_step, group, images, labels))

    def rehearse(self, group, images, labels):
        self._each(self.one.rehearse, group, images, labels)

    def logits(self, group, images):
        return torch.cat(self._each(self.one.logits, group, images))

    @property
    def optimizer_states(self):
        return self.one.optimizer_states

    @property
    def averages(self):
        return self.one.averages

    @averages.setter
    def averages(self, states):
        self.one.averages = states

    @property
    def scalers(self):
        return self.one.scalers

    @scalers.setter
    def scalers(self, states):
        self.one.scalers = states

    def release(self):
        self.one.release()
'''

USE_EXECUTION = """
import sys
from ensemble_switchover import app, plan

given = sys.argv[1:]
overrides = ["design=deq", "budget.width=16", "k=2"]
assert plan.main([*overrides, "execution=sequential,loop", "--format", "json"]) == 0
print("---")
for execution in ("sequential", "loop"):
    sys.argv[1:] = [*overrides, *given, f"execution={execution}", f"results={execution}"]
    app.main()
"""

FIGURE = '''
"""The number of seeds of each design."""

from ensemble_switchover.analysis import series
from ensemble_switchover.reporting.figures.bar_figure import draw_bar_figure
from ensemble_switchover.reporting.figures.declaration import FigureDeclaration

NUM_SEEDS_FIGURE = FigureDeclaration(
    position=5,
    name="num_seeds",
    paper="Figure Z",
    caption="seeds, {grid_size}.",
    numbers=lambda finding: series.fill_series(finding.runs),
    draw=lambda numbers, _, texts: draw_bar_figure(
        numbers, "num_seeds", "Seeds", "Seeds of each design", texts
    ),
)
'''

USE_FIGURE = """
import json
from ensemble_switchover.analysis.comparison import group_comparisons
from ensemble_switchover.analysis.finding import derive_finding
from ensemble_switchover.reporting.figures.gallery import draw_others
from tests.factories import make_study, planted_error

(comparison,) = group_comparisons(make_study(planted_error, widths=(8, 12, 16)))
first, second, *_ = draw_others(derive_finding(comparison))
(axes,) = first.figure.axes
print(json.dumps([first.name, first.caption, axes.get_ylabel(), first.numbers.height, second.name]))
"""

LAST_FIELD = "    member_peak_device_bytes: list[Count] = field(default_factory=list)\n"
METRIC = '''
    confidence_percent: Annotated[
        float | None, of_ensemble(lambda p, labels: 100 * p.amax(dim=-1).mean().item())
    ] = None
    """Confidence: probability that the ensemble gives to its class, mean over the images."""
'''

USE_METRIC = """
import json, sys
from pathlib import Path
from ensemble_switchover import app

app.main()
print("---")
import polars
from ensemble_switchover.analysis.design_table import summarise_runs, tabulate_runs
from ensemble_switchover.reporting.explorer.content import build_content
from ensemble_switchover.results.run_columns import describe_columns
from ensemble_switchover.results.store import read_records
from ensemble_switchover.results.run_table import list_runs
from ensemble_switchover.tracking.metrics import describe_metrics

study = Path("results/runs")
(record,) = read_records(study).records
runs = tabulate_runs([record])
content = build_content([record], lambda runs: None)
keys = [key for key, _, _ in content["metrics"]]
(parquet,) = study.rglob("epochs.parquet")
(logged,) = study.rglob("metrics.csv")
print(json.dumps({
    "record": record.epochs[-1].confidence_percent,
    "parquet": polars.read_parquet(parquet)["confidence_percent"][-1],
    "results": list_runs(study)["confidence_percent"][0],
    "runs.csv": runs["confidence_percent"][0],
    "summary.csv": summarise_runs(runs)["confidence_percent_mean"][0],
    "log": polars.read_csv(logged)["test/confidence_percent"].drop_nulls()[-1],
    "log's summary": polars.read_csv(logged)["summary/confidence_percent"].drop_nulls()[-1],
    "explorer": content["rows"][0]["values"][keys.index("confidence_percent")][0],
}))
print("---")
print(json.dumps({
    "explorer": content["metrics"][keys.index("confidence_percent")],
    "columns": [line for line in describe_columns() if "confidence_percent" in line],
    "metrics": [list(metric) for metric in describe_metrics() if "confidence_percent" in metric[0]],
}))
"""


def toy_parameters(depth, width, kernel=3):
    """Count the toy's parameters on digits by hand; its convolutions have no bias."""
    return (width + (depth - 2) * width**2) * kernel**2 + (width + 1) * 10


@pytest.fixture
def use_in_copy(tmp_path):
    """Run a script in a copy of the program that has more files."""

    def run(files, script, *arguments, edits=()):
        copy = tmp_path / "program"
        package = copy / "ensemble_switchover"
        # what is compiled is as good in the copy; other names are of files just being written
        ignored = shutil.ignore_patterns("*.pyc.*", "conf")
        shutil.copytree(Path(families.__file__).parents[2], package, ignore=ignored)
        shutil.copytree(conf_folder(), copy / "conf")
        for path, content in files.items():
            assert not (copy / path).exists()
            (copy / path).write_text(content)
        for path, old, new in edits:
            content = (copy / path).read_text()
            assert content.count(old) == 1
            (copy / path).write_text(content.replace(old, new))
        ended = program.run(str(copy), script, *arguments, folder=tmp_path, module="tests.in_copy")
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.split("---\n")

    return run


def test_a_family_is_one_file(use_in_copy, tmp_path):
    files = {"ensemble_switchover/design/families/toy.py": FAMILY}
    *printed, told = use_in_copy(files, USE_FAMILY, *TINY_RUN)
    designs, plan, built = map(json.loads, printed)
    assert [(row["changed_options"], row["design_class"]) for row in designs] == [
        (options, design) for options in ("", "kernel=5") for design in ("single", "deq", "weq")
    ]
    for row in designs:
        kernel = 5 if row["changed_options"] else 3
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
    assert built == [toy_parameters(4, 6, 5)] * 2 + [
        [2, 10],
        ["densenet", "resnet", "toy", "vgg", "wide_resnet"],
    ]
    assert "2 toys" in told
    (record,) = tmp_path.rglob("record.json")
    design = json.loads(record.read_text())["design"]
    assert (design["family"], design["family_options"], design["k"]) == ("toy", {"kernel": 1}, 2)


def test_a_data_set_is_one_file_and_its_yaml(use_in_copy, tmp_path):
    files = {
        "ensemble_switchover/data/sources/stripes.py": DATASET,
        "conf/dataset/stripes.yaml": DATASET_YAML,
    }
    planned, told = use_in_copy(files, USE_DATASET, *TINY_RUN)
    assert [row["dataset"] for row in json.loads(planned)] == ["stripes"]
    assert "on stripes" in told
    (record,) = tmp_path.rglob("record.json")
    dataset = json.loads(record.read_text())["dataset"]
    assert (dataset["name"], dataset["train_size"], dataset["test_size"]) == ("stripes", 40, 60)


def test_an_execution_is_one_file(use_in_copy, tmp_path):
    files = {"ensemble_switchover/training/execution/loop.py": EXECUTION}
    planned, _ = use_in_copy(files, USE_EXECUTION, *TINY_RUN)
    rows = json.loads(planned)
    assert [row["execution"] for row in rows] == ["sequential", "loop"]
    assert rows[1]["memory_bytes"] > rows[0]["memory_bytes"]
    records = [json.loads(path.read_text()) for path in sorted(tmp_path.rglob("record.json"))]
    assert [record["environment"]["execution"] for record in records] == ["loop", "sequential"]
    loop, sequential = (path.read_bytes() for path in sorted(tmp_path.rglob("weights.safetensors")))
    assert loop == sequential


def test_a_figure_is_one_file(use_in_copy):
    files = {"ensemble_switchover/reporting/figures/num_seeds.py": FIGURE}
    (printed,) = use_in_copy(files, USE_FIGURE)
    caption = "As in Figure Z of the paper: seeds, 3 budgets by 6 epochs."
    assert json.loads(printed) == ["num_seeds", caption, "Seeds", 9, "figure_2_heat_map"]


def test_a_metric_of_an_epoch_is_one_field(use_in_copy):
    edit = ("ensemble_switchover/results/epoch_metrics.py", LAST_FIELD, METRIC + LAST_FIELD)
    arguments = [*TINY_RUN, "logger=csv", "design=deq", "budget.width=16"]
    _, values, texts = use_in_copy({}, USE_METRIC, *arguments, edits=[edit])
    found = json.loads(values)
    confidence = found["record"]
    assert 10 < confidence < 100
    assert found == pytest.approx(dict.fromkeys(found, confidence), rel=1e-5)
    meaning = "Confidence: probability that the ensemble gives to its class, mean over the images."
    assert json.loads(texts) == {
        "explorer": ["confidence_percent", "confidence", "%"],
        "columns": [f"| `confidence_percent` | % | {meaning} |"],
        "metrics": [[f"{part}/confidence_percent", "%", meaning] for part in ("*", "summary")],
    }
