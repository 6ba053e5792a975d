"""The schema of the config group `recipe` and of the groups in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, Optional

from ensemble_switchover.config.key_markers import RESOLVED, Expected, above_zero, between, one_of
from ensemble_switchover.config.largest_values import MAX_EPOCHS, MAX_IMAGES, MAX_RATE
from ensemble_switchover.config.schedule import COSINE, SCHEDULES, STEPS
from ensemble_switchover.config.targets import no_part

PAPERS_RECIPE = "table_a"
FRACTION = between(0, 1)
BELOW_ONE = Expected("0 or more, less than 1", lambda value: 0 <= value < 1)
INSIDE = Expected("more than 0, less than 1", lambda value: 0 < value < 1)


@dataclass(slots=True, kw_only=True)
class ScheduleConfig:
    """How the learning rate moves during training."""

    name: Annotated[str, one_of(*SCHEDULES), RESOLVED] = STEPS
    """Shape: `steps`, the drops of Table A or those of `drops`; `cosine`; `one_cycle`; `constant`;
    or `scheduler`, one of torch. `recipe/schedule=` sets it."""
    drops: Annotated[Optional[list[Any]], RESOLVED] = None
    """Drops of `steps`: pairs of an epoch, counted from 0, and the share of the learning rate from
    it on, such as [[60,0.1],[90,0.01]]; absent: Table A's."""
    warmup_epochs: Annotated[float, between(0, MAX_EPOCHS), RESOLVED] = 0.0
    """Number of epochs at the beginning in which the rate rises linearly to the learning rate (He
    et al. 2019, section 3.1)."""
    start: Annotated[float, FRACTION, RESOLVED] = 0.04
    """Share of the learning rate at the first step of `one_cycle`."""
    peak: Annotated[float, INSIDE, RESOLVED] = 0.3
    """Share of the training after which `one_cycle` reaches the learning rate."""
    end: Annotated[float, FRACTION, RESOLVED] = 0.0
    """Share of the learning rate that is left at the end of `cosine` and `one_cycle`."""
    curve: Annotated[str, one_of(COSINE, "linear"), RESOLVED] = COSINE
    """Curve of `one_cycle`: `cosine` or `linear`."""
    scheduler: Annotated[dict[str, Any], RESOLVED] = field(default_factory=no_part)
    """Torch's scheduler of `scheduler`: its full name as `_target_`, and its arguments."""
    interval: Annotated[str, one_of("epoch", "step"), RESOLVED] = "epoch"
    """Whether torch's scheduler takes a step after every `epoch` or after every `step`."""


@dataclass(slots=True, kw_only=True)
class RecipeConfig:
    """How a member is trained; what is absent is as in Table A."""

    name: Annotated[str, RESOLVED] = PAPERS_RECIPE
    """Name of the recipe; `recipe=` sets it."""
    epochs: Annotated[Optional[int], between(1, MAX_EPOCHS), RESOLVED] = None
    """Number of epochs that the recipe is made for; `epochs` scales its schedule to another number.
    Absent: Table A's."""
    batch_size: Annotated[Optional[int], between(1, MAX_IMAGES), RESOLVED] = None
    """Number of images in one training step of one member; absent: Table A's."""
    learning_rate: Annotated[Optional[float], above_zero(MAX_RATE), RESOLVED] = None
    """Highest learning rate: that before the first drop, after a warm-up, at the peak of one cycle;
    drops keep their ratios. Absent: Table A's."""
    weight_decay: Annotated[Optional[float], between(0, MAX_RATE), RESOLVED] = None
    """Coefficient of the weight decay, which is an L2 penalty where the optimizer does not decouple
    it; absent: Table A's."""
    decay: Annotated[str, one_of("all", "weights"), RESOLVED] = "all"
    """What the weight decay is of: `all` parameters, or `weights`, without the norms and biases (He
    et al. 2019, section 3.1)."""
    momentum: Annotated[Optional[float], BELOW_ONE, RESOLVED] = None
    """Momentum of stochastic gradient descent; absent: 0.9."""
    nesterov: Annotated[Optional[bool], RESOLVED] = None
    """Whether the momentum is Nesterov's; absent: as in the paper of the family, which is `true`
    for DenseNet and Wide ResNet where the recipe is a row of Table A, and else `false`."""
    optimizer: Annotated[dict[str, Any], RESOLVED] = field(default_factory=no_part)
    """Optimizer: its full name as `_target_`, and its arguments; `recipe/optimizer=` sets it.
    Absent: stochastic gradient descent, torch.optim.SGD."""
    schedule: ScheduleConfig = field(default_factory=ScheduleConfig)
    label_smoothing: Annotated[float, BELOW_ONE, RESOLVED] = 0.0
    """Share of a label that is spread over all classes (Szegedy et al. 2016, section 7)."""
    mixup: Annotated[float, between(0, MAX_RATE), RESOLVED] = 0.0
    """Parameter alpha of mixup (Zhang et al. 2018), such as 0.2; 0: none."""
    cutmix: Annotated[float, between(0, MAX_RATE), RESOLVED] = 0.0
    """Parameter alpha of cutmix (Yun et al. 2019), such as 1; 0: none. With mixup as well, each
    batch draws one of the two."""
    gradient_clip: Annotated[Optional[float], above_zero(MAX_RATE), RESOLVED] = None
    """Largest norm of a member's gradient, to which larger ones are scaled; absent: any."""
    ema_decay: Annotated[Optional[float], INSIDE, RESOLVED] = None
    """Decay of the moving average of a member's weights, such as 0.999, which then is what
    predicts and is kept; absent: no average."""
    loss: Annotated[dict[str, Any], RESOLVED] = field(default_factory=no_part)
    """Loss in place of the mean cross-entropy: its full name as `_target_`, and its arguments."""
