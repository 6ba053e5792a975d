"""The networks of a day, their runs, and the names of what is measured of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.common import resolve_overrides

if TYPE_CHECKING:
    from ensemble_switchover.config.run_spec import RunSpec

K = 4
BATCH_SIZE = {False: 128, True: 8}
"""Images of a training step, by whether the day is tiny."""
TRAINING_IMAGES = 50_000
PRECISIONS = ("32", "bf16", "tf32")
"""In the order of their importance."""
CLASSES = ("deq", "weq")
NETWORKS = {
    False: ("resnet 56x16", "densenet 100x12", "wide_resnet 28x8"),
    True: ("resnet 8x8", "densenet 13x6", "wide_resnet 10x2"),
}


class Case(NamedTuple):
    """An ensemble and its budget's single network, in a precision."""

    network: str
    """The single network, such as `resnet 56x16`."""
    design_class: str
    precision: str

    def resolve(self, *, tiny: bool, compiled: bool = False) -> tuple[RunSpec, RunSpec]:
        """Resolve the ensemble, of the nearest design to the budget, and the single network."""
        family, network = self.network.split()
        common = (
            "dataset=cifar10", "execution=sequential", f"arch={family}",
            f"budget.network={network}", f"recipe.batch_size={BATCH_SIZE[tiny]}",
            f"precision={self.precision}", f"compile={str(compiled).lower()}",
        )  # fmt: skip
        ensemble = (f"design={self.design_class}", f"k={K}", "budget.source=nearest")
        return resolve_overrides([*common, *ensemble]), resolve_overrides(
            [*common, "design=single"]
        )

    def item(self, what: str, how: str) -> str:
        """Name a measurement, such as `training: resnet 56x16 deq, 32, eager`."""
        return f"{what}: {self.network} {self.design_class}, {self.precision}, {how}"
