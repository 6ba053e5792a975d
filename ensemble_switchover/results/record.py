"""What one run leaves behind. Records are the only source of tables, figures and pages.

A field that is added later needs a default, with which older records are read; what that cannot
say is a new `SCHEMA_VERSION` and a migration to it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDescription:
    """What a run is, for as long as it has no record."""

    family: str
    dataset: str
    design_class: str
    k: int
    depth: int
    width: int
    budget_depth: int
    budget_width: int
    budget_parameters: int
    parameters: int
    epochs: int
    """Epochs that it is to be trained for."""
    seed: int
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRecord:
    """The single network `S` that states the budget `|S|`."""

    depth: int
    width: int
    parameters: int
    """Trainable parameters of the single network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRecord:
    """The networks that were trained for the budget."""

    family: str
    family_options: dict[str, Any]
    design_class: Literal["single", "deq", "weq"]
    depth: int
    width: int
    k: int
    """Number of members; 1 for a single network."""
    member_parameters: int
    parameters: int
    """Trainable parameters of all members together."""
    budget_fill: float
    """`k * member_parameters / budget.parameters`."""
    member_flops: int
    """Floating-point operations of one member's forward pass on one image (2 per multiply-add)."""
    source: str
    """How the design follows from the budget: `rule`, `published` or `nearest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetRecord:
    """The images as they were used."""

    name: str
    num_classes: int
    channels: int
    image_size: int
    train_size: int
    test_size: int
    augmentation: str
    crop_padding: int
    """Pixels; 0 where images are not augmented."""
    flip: bool
    split_seed: int
    """0 where nothing is drawn by it."""
    randaugment_ops: int | None = None
    """Operations of an image; absent where RandAugment was not applied."""
    randaugment_magnitude: int | None = None
    validation_size: int = 0
    """Images held out of the training images; `train_size` is without them."""
    evaluated_on: Literal["test", "validation"] = "test"
    """The images of every `test_error` and of what is measured beside it; of test images none was
    used where it is `validation`, and `test_size` is 0."""
    options: dict[str, Any] = field(default_factory=dict)
    """What else decides the images, such as the difficulty of generated ones."""
    remarks: list[str] = field(default_factory=list)
    """What the user was told of the set, such as the files that were left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRecord:
    """The training hyperparameters as they were used (the paper's Table A, or the user's)."""

    name: str
    epochs: int
    batch_size: int
    learning_rate: float
    drops: list[tuple[int, float]]
    """`(epoch, learning rate)` pairs: from that epoch on (counted from 0), that rate."""
    momentum: float
    weight_decay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochRecord:
    """One epoch of all members. Seconds are wall-clock seconds on the run's device."""

    epoch: int
    """Counted from 1: the number of epochs trained."""
    learning_rate: float
    train_loss: float
    """Mean cross-entropy over the epoch's training images and members."""
    train_seconds: float
    """Training work alone, data wait included, evaluation excluded, summed over the members."""
    member_train_seconds: list[float]
    warm_up: bool
    """True for the first epoch, which time summaries leave out."""
    evaluation_seconds: float
    test_error: float
    """Percent; the ensemble's (mean of the members' softmax)."""
    member_test_errors: list[float]
    """Percent; one per member."""
    nll: float
    """Mean negative log-likelihood of the ensemble's probabilities on the test images, in nats."""
    brier: float
    """Mean over test images of the squared distance to the one-hot label."""
    ece: float
    """Expected calibration error of the ensemble, 15 bins, between 0 and 1."""
    disagreement: float | None
    """Mean over pairs of members of the share of test images that they classify differently."""
    peak_device_bytes: int | None
    """Peak bytes that the allocator handed out on the accelerator; absent on a CPU."""
    peak_reserved_bytes: int | None
    """Peak bytes that the allocator reserved on the accelerator; absent on a CPU."""
    peak_rss_bytes: int | None
    """Peak resident memory of the whole process; the only figure that a CPU can give."""
    compile_seconds: float = 0.0
    """Spent on compiling before the training work of the epoch; no part of `train_seconds`."""
    waiting_share: float = 0.0
    """How long threads of the run waited for a processor in training, as a share of the time that
    they worked; 0 where the system does not tell."""
    member_nlls: list[float] = field(default_factory=list)
    """Nats; one per member. Empty, as the two that follow, in records that did not have it yet."""
    member_briers: list[float] = field(default_factory=list)
    member_eces: list[float] = field(default_factory=list)
    error_correlation: float | None = None
    """Mean over pairs of members of the correlation of their errors over the test images; absent
    for a single network, and where no pair has a member that errs on some images only."""
    member_peak_device_bytes: list[int] = field(default_factory=list)
    """`peak_device_bytes` of each member's own training; empty where members train at once, and on
    a CPU."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRecord:
    """Inference latency of a whole model at one batch size, in milliseconds per image.

    The repeats of all models at one batch size alternate, so their ratios are of the same moments.
    """

    model: Literal["run", "single"] = "run"
    """The run's own, or the single network `S` of its budget, untrained, timed beside it."""
    execution: str = "sequential"
    """How the members predict: `sequential`, and what was the fastest where that was another."""
    batch_size: int
    repeats: int
    median_ms_per_image: float
    lower_quartile_ms_per_image: float
    upper_quartile_ms_per_image: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTimeRecord:
    """Milliseconds of one kind of layer in a forward and a backward pass of one member.

    Measured after training, on a batch of noise and a network of its own, with the clock read at
    every layer: the paper's Figure E.
    """

    kind: str
    """Such as `convolution`; what is in no layer is `other`."""
    num_layers: int
    """Of that kind in one member; 0 for `other`."""
    batch_size: int
    repeats: int
    median_ms: float
    """Of all layers of the kind together."""
    lower_quartile_ms: float
    upper_quartile_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentRecord:
    """Where and how the run was executed. Times and memory compare only within one of these."""

    device: str
    """`cpu`, `cuda` or `mps`."""
    device_name: str
    execution: str
    """How the members were executed."""
    execution_asked: str
    """`auto` where the program chose that for its speed here; else what was asked for."""
    began_on: str | None = None
    """Device, threads and torch of the run's former processes, where they were others than those
    that ended it: its seconds are then of both."""
    precision: str
    compiled: bool
    residence: str = "device"
    """Where the images lay: `device`, or `host`, from where batches were brought ahead."""
    num_threads: int
    concurrent_jobs: int
    """How many runs of the study shared the machine while this one was timed."""
    host_load: float | None
    """One-minute load average of the host when the run started, where the system tells."""
    disturbances: list[str] = field(default_factory=list)
    """What was seen to share or to slow down the device while the run was timed."""
    platform: str
    versions: dict[str, str]
    commit: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One finished run."""

    schema_version: int
    name: str
    """The name of the run and of its folder."""
    fingerprint: str
    study: str
    training: str = ""
    """A hash of what was trained and measured, whichever budget and class asked for it."""
    shared_from: str | None = None
    """The run whose training this is too, where a design came out equal to one of another budget,
    class or study: its epochs, seconds and latencies are then that run's."""
    seed: int
    member_seeds: list[int]
    budget: BudgetRecord
    design: DesignRecord
    dataset: DatasetRecord
    recipe: RecipeRecord
    environment: EnvironmentRecord
    latencies: list[LatencyRecord]
    layer_times: list[LayerTimeRecord] = field(default_factory=list)
    """Empty where they were not asked for."""
    epochs: list[EpochRecord] = field(repr=False)
    """In the store, a file of their own."""
    config: dict[str, Any] = field(repr=False)
    """The composed configuration, resolved."""
    started_at: str
    """UTC, ISO 8601."""
    wall_seconds: float
    """From start to record, everything included."""
