"""What a finished run stores. Records are the only source of tables, figures and pages.

The docstring of a field is the meaning of its column in every table (`results.run_columns`), and
the end of its name is the unit. A field that is added later needs a default, with which older
records are read; a change that a default cannot express needs a new `SCHEMA_VERSION` and a
migration to it. A record with a number out of the range of its type (`results.stored_values`) is
unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from ensemble_switchover.config.schema import EVERY_EPOCH

# read by pydantic:
from ensemble_switchover.results.cascade_latencies import CascadeLatencyRecord  # noqa: TC001
from ensemble_switchover.results.cascade_record import CascadeRecord  # noqa: TC001
from ensemble_switchover.results.epoch_metrics import EpochRecord  # noqa: TC001
from ensemble_switchover.results.quality_record import QualityRecord  # noqa: TC001
from ensemble_switchover.results.stored_values import Amount, Count, Factor, Size  # noqa: TC001

SCHEMA_VERSION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRecord:
    """The single network `S` that states the budget `|S|`."""

    depth: Factor
    """Depth of the single network that states the budget."""
    width: Factor
    """Width factor, or growth rate, of the single network that states the budget."""
    parameters: Size
    """Trainable parameters of the single network that states the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRecord:
    """The networks that were trained for the budget."""

    family: str
    """Family of networks, such as `resnet`."""
    family_options: dict[str, Any]
    """Options of the family, as JSON in tables."""
    design_class: Literal["single", "deq", "weq"]
    """`single` network, or ensemble of members as deep (`deq`) or as wide (`weq`) as it."""
    depth: Factor
    """Depth of one member."""
    width: Factor
    """Width factor, or growth rate, of one member."""
    k: Factor
    """Number of members; 1 for a single network."""
    member_parameters: Size
    """Trainable parameters of one member."""
    parameters: Size
    """Trainable parameters of all members together."""
    budget_fill: Amount
    """Share of the budget that is spent: `parameters / budget_parameters`."""
    member_flops: Count
    """Floating-point operations of one member's forward pass on one image, 2 per multiply-add."""
    source: Literal["rule", "published", "nearest"]
    """How the design follows from the budget: `rule`, `published` or `nearest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """The images as they were used."""

    name: str
    """Data set."""
    num_classes: Size
    channels: Count
    image_size: Count
    """Height and width of an image in pixels."""
    train_size: Count
    """Number of images trained on, without those held out for validation."""
    test_size: Count
    """Number of test images that were classified; 0 where validation images were."""
    augmentation: str
    """Augmentation of training images: `none`, `standard` or `randaugment`."""
    crop_padding: int
    """Padding of random crops in pixels; 0 where images are not augmented."""
    flip: bool
    split_seed: int
    """Seed of the split; 0 where nothing is drawn by it."""
    randaugment_ops: Count | None = None
    """Operations per image; absent where RandAugment was not applied."""
    randaugment_magnitude: Count | None = None
    validation_size: Count = 0
    """Number of images held out of the training images."""
    evaluated_on: Literal["test", "validation"] = "test"
    """Images of every error and of the other measures of quality: `test` or `validation`."""
    options: dict[str, Any] = field(default_factory=dict)
    """What else decides the images, such as the difficulty of generated ones."""
    normalisation: Literal["standardised", "scaled"] = "standardised"
    """What was done to pixels: `standardised` by mean and deviation, or `scaled` to 0 to 1."""
    remarks: list[str] = field(default_factory=list)
    """What the user was told about the data set, such as which files were left out."""
    content: str | None = None
    """Hash of all images and labels of a data set of the user's own; absent for others."""

    @property
    def num_evaluated(self) -> int:
        """Number of images of every error: test images, or validation images."""
        return self.validation_size if self.evaluated_on == "validation" else self.test_size


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecord:
    """The training hyperparameters as they were used (the paper's Table A, or the user's)."""

    name: str
    """Recipe: where the hyperparameters are from."""
    epochs: Count
    """Number of training epochs."""
    batch_size: Size
    """Images per training step of a member."""
    learning_rate: Amount
    """Learning rate of the first epoch."""
    drops: list[tuple[Count, Amount]]
    """`(epoch, learning rate)` pairs: from that epoch on (counted from 0), that rate."""
    momentum: Amount
    nesterov: bool
    """Whether the momentum was Nesterov's."""
    weight_decay: Amount
    """Weight decay (L2 penalty)."""
    optimizer: dict[str, Any] = field(default_factory=dict)
    """Optimizer by `_target_`, with its arguments; empty: stochastic gradient descent."""
    schedule: dict[str, Any] = field(default_factory=dict)
    """Schedule of the learning rate, where it is not that of the drops alone."""
    decay: Literal["all", "weights"] = "all"
    """What the weight decay was of: all parameters, or weights without norms and biases."""
    label_smoothing: Amount = 0.0
    mixup: Amount = 0.0
    """Alpha of mixup; 0 where images were not mixed by it."""
    cutmix: Amount = 0.0
    """Alpha of cutmix; likewise."""
    gradient_clip: Amount | None = None
    """Largest norm of a member's gradient; absent where it was not clipped."""
    ema_decay: Amount | None = None
    """Decay of the averaged weights, which predicted; absent where none were averaged."""
    loss: dict[str, Any] = field(default_factory=dict)
    """Loss by `_target_`, with its arguments; empty: the mean cross-entropy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRecord:
    """Inference latency of a whole model at one batch size, in milliseconds per image.

    The repeats of all models at one batch size alternate, so their ratios are of the same moments.
    """

    model: Literal["run", "single"] = "run"
    """The run's own model, or the single network of its budget, untrained, timed beside it."""
    execution: str = "sequential"
    """How the members predict."""
    batch_size: Size
    repeats: Count
    median_ms_per_image: Amount
    """Inference of the whole model: median over the repeats."""
    lower_quartile_ms_per_image: Amount
    """Its lower quartile over the repeats."""
    upper_quartile_ms_per_image: Amount
    """Its upper quartile over the repeats."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimeRecord:
    """Milliseconds of one kind of layer in a forward and a backward pass of one member.

    Measured after training, on a batch of noise and a network of its own, with the clock read at
    every layer: the paper's Figure E.
    """

    kind: str
    """Such as `convolution`; what is in no layer is `other`."""
    num_layers: Count
    """Of that kind in one member; 0 for `other`."""
    batch_size: Size
    repeats: Count
    median_ms: Amount
    """Of all layers of the kind together."""
    lower_quartile_ms: Amount
    upper_quartile_ms: Amount


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecord:
    """Where and how the run was executed. Times and memory compare only within one of these."""

    device: str
    """Type of the device: `cpu`, `cuda` or `mps`."""
    device_name: str
    """Name of the device, such as that of the processor."""
    execution: str
    """How the members were executed."""
    execution_requested: str
    """Execution that was requested; `auto` leaves the choice of the fastest to the program."""
    began_on: str | None = None
    """Device, threads and torch of the run's former processes, where they differ from those that
    ended it: its seconds are then of both."""
    precision: str
    """Precision of training, such as `32` or `bf16`."""
    compiled: bool
    """Whether the networks were compiled."""
    times_of: Literal["run", "timing pass"] = "run"
    """What the run's seconds, memory and latency are of: its own `run`, or a `timing pass` of some
    of its epochs in the requested execution, where seeds were trained together."""
    residence: str = "device"
    """Where the images lay: `device`, or `host`, from where batches were brought ahead."""
    num_threads: Count
    """Number of processor threads of the run."""
    concurrent_jobs: Count
    """Number of runs of the study that shared the machine."""
    host_load: Amount | None
    """One-minute load average of the host when the run started, where the system reports it."""
    disturbances: list[str] = field(default_factory=list)
    """What was seen to share or to slow down the device while the run was timed."""
    platform: str
    """Operating system."""
    versions: dict[str, str]
    commit: str | None
    """Commit of the program, where it ran from a repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimingPassRecord:
    """The timing pass of a run of a sweep that trains seeds together: the source of its times.

    The networks of the run are trained for some steps on their own, in the requested execution, in
    turn with those of other designs of the budget. The seconds of every epoch of the record are
    the medians of these epochs, and its memory is the most of any.
    """

    seeds: list[Count]
    """Seeds that were trained together, the run's own among them."""
    num_members: Size
    """Members of all of them, trained as one; 1 or k where the run was trained apart."""
    beside: list[str]
    """Designs that were timed in turn, the run's own among them, such as `deq k=4`."""
    timed_steps: Size
    """Steps of a member in each timed epoch."""
    epoch_steps: Size
    """Steps of a member in a whole epoch, to which the seconds are scaled."""
    training_seconds: list[Amount]
    """Training of all members for an epoch, of each timed epoch; a warm-up came before."""
    evaluation_seconds: list[Amount]
    """Evaluation after each timed epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondsRecord:
    """Where the seconds of the run went; of what several seeds did together, it has its share.

    All but `waiting` add up to `wall_seconds`.
    """

    waiting: Amount = 0.0
    """Between the run before in the same process, or the start of the process, and this run:
    imports, writing the record before, and composing the configuration."""
    data: Amount = 0.0
    """Loading the images."""
    choosing: Amount = 0.0
    """Timing executions, to choose the fastest, and seeds together beside seeds apart."""
    training: Amount = 0.0
    """Training of all epochs, as it happened."""
    evaluation: Amount = 0.0
    """Evaluation after the epochs, as it happened."""
    keeping: Amount = 0.0
    """Metrics, log, checkpoints and predictions of the epochs."""
    timing: Amount = 0.0
    """The timing pass."""
    measuring: Amount = 0.0
    """Latency and the time of layers, after training."""
    rest: Amount = 0.0
    """Everything else, such as building the networks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One finished run."""

    schema_version: int
    name: str
    """Name of the run and of its folder."""
    fingerprint: str
    """Hash of what decides the result of the run."""
    study: str
    """Study that the run belongs to."""
    training_fingerprint: str = ""
    """Hash of what was trained and measured, whichever budget and class requested it."""
    shared_from: str | None = None
    """The run whose training this is too, where a design came out equal to one of another budget,
    class or study: its epochs, seconds and latencies are then that run's."""
    seed: Count
    """Seed of the run; the members' seeds follow from it."""
    member_seeds: list[int]
    budget: BudgetRecord
    design: DesignRecord
    dataset: DatasetRecord
    recipe: RecipeRecord
    evaluate_every: str = EVERY_EPOCH
    """Epochs after which the run was evaluated: every N-th and the last, or `milestones`; time to
    accuracy compares where it is equal."""
    environment: EnvironmentRecord
    latencies: list[LatencyRecord]
    cascade_latencies: list[CascadeLatencyRecord] = field(default_factory=list)
    """Of the run's cascade, in ascending order of batch sizes; empty where there is no cascade or
    no latency was requested, and in records of before."""
    layer_times: list[LayerTimeRecord] = field(default_factory=list)
    """Empty where they were not requested."""
    cascades: list[CascadeRecord] = field(default_factory=list, repr=False)
    """The ensemble's cascade by each exit rule; empty for a single network, without predictions,
    and in records of before, whose predictions tell it (`results.measure_cascades`)."""
    quality: QualityRecord | None = field(default=None, repr=False)
    """Quality beyond error after the last epoch; absent in records of before, of which predictions
    that were kept tell it (`analysis.run_quality`)."""
    timing_pass: TimingPassRecord | None = None
    """Absent where the times are of the run itself."""
    seconds: SecondsRecord | None = None
    """Where `wall_seconds` went; absent in records of before."""
    epochs: list[EpochRecord] = field(repr=False)
    """Stored in a file of their own."""
    config: dict[str, Any] = field(repr=False)
    """The composed configuration, resolved."""
    started_at: str
    """When the run started: UTC, ISO 8601."""
    largest_class_share: Amount | None = None
    """Share of the images measured on that are of their most frequent class; absent in records of
    before."""
    flags: str = ""
    """What shows that the run learned nothing, such as `error at chance level`; empty for most runs
    (`results.flags`)."""
    wall_seconds: Amount
    """From the start to the record, everything included; of what several seeds did together, the
    run's share."""

    @property
    def error_percent(self) -> float:
        """Error of the ensemble after the last epoch, which every run is evaluated after."""
        error = self.epochs[-1].error_percent
        assert error is not None  # the store refuses other records
        return error
