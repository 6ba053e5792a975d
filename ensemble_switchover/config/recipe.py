"""Training hyperparameters as they are used: the optimizer, its schedule, and what is learned."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ensemble_switchover.config.schedule import (
    COSINE,
    ONE_CYCLE,
    Schedule,
    curve_share,
    warmup_share,
)
from ensemble_switchover.errors import ConfigError

MOMENTUM = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a member is trained.

    The defaults of the later fields are those of Table A: stochastic gradient descent on the mean
    cross-entropy, with a learning rate that drops at given epochs.
    """

    name: str
    """Source of the values, such as Table A."""
    epochs: int
    batch_size: int
    learning_rate: float
    """The highest learning rate, of which a schedule takes a share."""
    drops: tuple[tuple[int, float], ...]
    """Pairs of an epoch, counted from 0, and the learning rate from that epoch on."""
    weight_decay: float
    momentum: float = MOMENTUM
    """That of stochastic gradient descent; unused by other optimizers."""
    nesterov: bool = False
    """Whether the momentum is Nesterov's: a step follows the gradient plus the momentum times the
    velocity that already holds this gradient (torch's SGD; Sutskever et al. 2013)."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    """Another optimizer by `_target_`, with its arguments; empty: stochastic gradient descent."""
    schedule: Schedule = field(default_factory=Schedule)
    decay: str = "all"
    """What the weight decay is of: `all` parameters, or `weights`, without norms and biases."""
    label_smoothing: float = 0.0
    mixup: float = 0.0
    """Parameter alpha of the Beta distribution of mixup (Zhang et al. 2018); 0: none."""
    cutmix: float = 0.0
    """The same of cutmix (Yun et al. 2019); with both, each batch draws one of the two."""
    gradient_clip: float | None = None
    """The largest norm of a member's gradient, to which larger ones are scaled; None: any."""
    ema_decay: float | None = None
    """Decay of the moving average of a member's weights, which then predicts; None: no average."""
    loss: dict[str, Any] = field(default_factory=dict)
    """Another loss by `_target_`, with its arguments; empty: the cross-entropy."""

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

    def learning_rate_at(self, epoch: int, step: int = 0, steps_per_epoch: int = 1) -> float:
        """Return the learning rate at a step of an epoch, both counted from 0.

        One of torch's schedulers is not among them (`training.learning_rates`).

        >>> from ensemble_switchover.config.table_a import table_a
        >>> table_a("densenet", "cifar10").learning_rate_at(60)
        0.01
        """
        passed = epoch * steps_per_epoch + step
        share = warmup_share(self.schedule, passed, steps_per_epoch)
        if self.schedule.name in (COSINE, ONE_CYCLE):
            share *= curve_share(self.schedule, passed, steps_per_epoch, self.epochs)
        rate = self.learning_rate
        for start, dropped in self.drops:
            if epoch >= start:
                rate = dropped
        return rate * share

    @property
    def milestones(self) -> list[int]:
        """The last epoch before every drop of the learning rate, and the last; counted from 1.

        >>> from ensemble_switchover.config.table_a import table_a
        >>> table_a("densenet", "cifar10").milestones
        [60, 90, 120]
        """
        drops = {start for start, _ in self.drops if start < self.epochs}
        return sorted({*drops, self.epochs})

    def scaled_to(self, epochs: int) -> Recipe:
        """Return the recipe for a number of epochs, with its schedule in proportion (Figure K).

        >>> from ensemble_switchover.config.table_a import table_a
        >>> table_a("densenet", "cifar10").scaled_to(30).drops
        ((15, 0.01), (23, 0.001))
        """
        if epochs == self.epochs:
            return self
        drops = tuple(
            (max(1, int(start * epochs / self.epochs + 0.5)), rate) for start, rate in self.drops
        )
        name = f"{self.name}, scaled from {self.epochs} epochs"
        schedule = self.schedule.scaled(epochs / self.epochs)
        return replace(self, name=name, epochs=epochs, drops=drops, schedule=schedule)

    @property
    def additions(self) -> dict[str, Any]:
        """What the recipe has beyond Table A's kind, as plain values by field.

        Runs whose recipes have nothing more are those of before there was the choice.
        """
        added = {
            name: getattr(self, name)
            for name in ADDITIONS
            if getattr(self, name) != getattr(_PLAIN, name)
        }
        return added | ({"schedule": _stated(self.schedule)} if "schedule" in added else {})


OF_EVERY_RECIPE = (
    *("epochs", "batch_size", "learning_rate", "drops", "weight_decay", "momentum", "nesterov"),
)
"""Fields of a recipe that every recipe has, besides its name."""
ADDITIONS = (
    *("optimizer", "schedule", "decay", "label_smoothing", "mixup", "cutmix"),
    *("gradient_clip", "ema_decay", "loss"),
)
_PLAIN = Recipe(name="", epochs=1, batch_size=1, learning_rate=1, drops=(), weight_decay=0)


def _stated(schedule: Schedule) -> dict[str, Any]:
    """Return the values of a schedule that are not its defaults."""
    usual = asdict(Schedule())
    return {name: value for name, value in asdict(schedule).items() if value != usual[name]}
