"""Training hyperparameters: the paper's Table A, chosen by family and data set."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ensemble_switchover.errors import ConfigError

if TYPE_CHECKING:
    from ensemble_switchover.config.schema import RecipeConfig

MOMENTUM = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Stochastic gradient descent with momentum and a learning rate that drops at given epochs."""

    name: str
    """Source of the values, such as Table A."""
    epochs: int
    batch_size: int
    learning_rate: float
    drops: tuple[tuple[int, float], ...]
    """Pairs of an epoch, counted from 0, and the learning rate from that epoch on."""
    weight_decay: float
    momentum: float = MOMENTUM
    nesterov: bool = False
    """Whether the momentum is Nesterov's: a step follows the gradient plus the momentum times the
    velocity that already holds this gradient (torch's SGD; Sutskever et al. 2013)."""

    def __post_init__(self) -> None:
        """Refuse Nesterov's momentum without a momentum.

        Raises:
            ConfigError: if the momentum is not above 0.
        """
        if self.nesterov and not self.momentum > 0:
            raise ConfigError(
                f"recipe.nesterov=true: needs a momentum above 0, and the recipe {self.name} has "
                f"{self.momentum:g}; expected recipe.nesterov=false"
            )

    def learning_rate_at(self, epoch: int) -> float:
        """Return the learning rate of an epoch (counted from 0).

        >>> table_a("densenet", "cifar10").learning_rate_at(60)
        0.01
        """
        rate = self.learning_rate
        for start, dropped in self.drops:
            if epoch >= start:
                rate = dropped
        return rate

    @property
    def milestones(self) -> list[int]:
        """The last epoch before every drop of the learning rate, and the last; counted from 1.

        >>> table_a("densenet", "cifar10").milestones
        [60, 90, 120]
        """
        drops = {start for start, _ in self.drops if start < self.epochs}
        return sorted({*drops, self.epochs})

    def scaled_to(self, epochs: int) -> Recipe:
        """Return the recipe for a number of epochs, with its drops moved in proportion (Figure K).

        >>> table_a("densenet", "cifar10").scaled_to(30).drops
        ((15, 0.01), (23, 0.001))
        """
        if epochs == self.epochs:
            return self
        drops = tuple(
            (max(1, int(start * epochs / self.epochs + 0.5)), rate) for start, rate in self.drops
        )
        name = f"{self.name}, scaled from {self.epochs} epochs"
        return replace(self, name=name, epochs=epochs, drops=drops)


def _row(name: str, epochs: int, drops: tuple[int, int], batch_size: int, decay: float) -> Recipe:
    return Recipe(
        name=name,
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=0.1,
        drops=((drops[0], 0.01), (drops[1], 0.001)),
        weight_decay=decay,
    )


WITH_NESTEROV = frozenset({"densenet", "wide_resnet"})
"""Families whose papers train with Nesterov's momentum, of 0.9 and without dampening.

Table A does not say; its caption has the hyperparameters from the respective papers. DenseNet:
Huang et al. 2017, section 4.2, and `nesterov = true` in train.lua of liuzhuang13/DenseNet. Wide
ResNet: Zagoruyko & Komodakis 2016, section 3, and `nesterov=true` in scripts/train_cifar.sh of
szagoruyko/wide-residual-networks. ResNet (He et al. 2016, section 4.2) and VGG (Simonyan &
Zisserman 2015, section 3.1) have a momentum of 0.9, and do not speak of Nesterov.
"""


_PRINTED: dict[tuple[str, str], Recipe] = {
    ("densenet", "svhn"): _row("Table A", 100, (30, 60), 128, 0.001),
    ("densenet", "cifar10"): _row("Table A", 120, (60, 90), 128, 0.001),
    ("densenet", "cifar100"): _row("Table A", 120, (60, 90), 128, 0.001),
    ("densenet", "tiny_imagenet"): _row("Table A", 90, (30, 60), 64, 0.001),
    ("densenet", "imagenet32"): _row("Table A", 90, (30, 60), 64, 0.001),
    ("resnet", "cifar10"): _row("Table A", 250, (100, 200), 128, 0.0001),
    ("resnet", "cifar100"): _row("Table A", 500, (250, 375), 128, 0.0001),
    ("wide_resnet", "cifar10"): _row("Table A", 200, (100, 200), 128, 0.0001),
    ("wide_resnet", "cifar100"): _row("Table A", 200, (100, 200), 128, 0.0001),
}
"""What Table A prints. Wide ResNet's second drop coincides with its last epoch."""

TABLE_A: dict[tuple[str, str], Recipe] = {
    (family, dataset): replace(row, nesterov=family in WITH_NESTEROV)
    for (family, dataset), row in _PRINTED.items()
}
"""The rows of Table A, with the momentum of the family's paper."""

DIGITS_RECIPE = _row("digits", 20, (10, 15), 64, 0.0001)
"""The recipe for the digits, which is not from the paper; drops at half and three quarters."""


def table_a(family: str, dataset: str) -> Recipe:
    """Return the recipe of a family on a data set.

    A pair without a row in Table A gets the family's CIFAR-10 row, and a family without one gets
    ResNet's; the name of the recipe says so.

    >>> table_a("vgg", "cifar10").name
    "Table A, ResNet's row of CIFAR-10"
    """
    if dataset == "digits":
        return DIGITS_RECIPE
    if (family, dataset) in TABLE_A:
        return TABLE_A[family, dataset]
    if (family, "cifar10") in TABLE_A:
        return replace(TABLE_A[family, "cifar10"], name="Table A, the row of CIFAR-10")
    return replace(TABLE_A["resnet", "cifar10"], name="Table A, ResNet's row of CIFAR-10")


def adjust_recipe(recipe: Recipe, asked: RecipeConfig, epochs: int | None) -> Recipe:
    """Return a recipe scaled to a number of epochs, and with the values that replace its own.

    A learning rate that is given replaces the first; the drops keep their ratios to it.

    Raises:
        ConfigError: if the values do not go together.
    """
    adjusted = recipe if epochs is None else recipe.scaled_to(epochs)
    if asked.batch_size is not None:
        adjusted = replace(adjusted, batch_size=asked.batch_size)
    if asked.weight_decay is not None:
        adjusted = replace(adjusted, weight_decay=asked.weight_decay)
    if asked.nesterov is not None:
        adjusted = replace(adjusted, nesterov=asked.nesterov)
    if asked.learning_rate is not None:
        factor = asked.learning_rate / recipe.learning_rate
        drops = tuple((start, rate * factor) for start, rate in adjusted.drops)
        adjusted = replace(adjusted, learning_rate=asked.learning_rate, drops=drops)
    return adjusted
