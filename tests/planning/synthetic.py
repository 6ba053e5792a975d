"""Made-up observations whose rates are known."""

from importlib.metadata import version

from ensemble_switchover.config.execution_plan import requested_plan
from ensemble_switchover.machine.hardware import num_processors, threads_of_environment
from ensemble_switchover.planning.calibration import (
    CALIBRATION_VERSION,
    Calibration,
    Conditions,
    Observation,
    fit_rates,
)
from ensemble_switchover.planning.cost import count_work, design_text
from ensemble_switchover.planning.workload import Pass, Workload, seconds

HERE = {"precision": "32", "device_name": "Example CPU"}
"""The environment of records that the example machine made."""

RATES = {
    Pass.TRAINING: (2e-4, 3e-11, 5e-9),
    Pass.ONE: (5e-5, 1e-11, 1e-9),
    Pass.MANY: (5e-5, 2e-11, 2e-9),
}
WORKS = [
    Workload(operations, flops, elements)
    for operations, flops, elements in (
        (20, 10**7, 10**6), (40, 10**9, 10**6), (30, 10**8, 10**8), (200, 10**6, 10**5),
        (60, 10**10, 10**7),
    )
]  # fmt: skip


def make_conditions(**changes):
    known = {
        "device": "cpu",
        "device_name": "Example CPU",
        "execution": "sequential",
        "precision": "32",
        "compiled": False,
        "threads": threads_of_environment(),
        "processors": num_processors(),
        "augmentation": "none",
    }
    return Conditions(**{**known, **changes})


def observe(work, *, design, family="resnet", timed=Pass.TRAINING, factor=1.0):
    median = factor * seconds(RATES[timed], work)
    return Observation(
        design=design,
        family=family,
        timed=timed,
        work=work,
        median_seconds=median,
        lower_seconds=0.9 * median,
        upper_seconds=1.1 * median,
        repeats=5,
    )


def make_calibration(observations=None, **changes):
    """Make a calibration with `observations`, or of every pass of designs that no cell has."""
    if observations is None:
        observations = [
            observe(work, design=f"design {number}", timed=timed)
            for timed in Pass
            for number, work in enumerate(WORKS)
        ]
    known = {
        "version": CALIBRATION_VERSION,
        "conditions": make_conditions(),
        "date": "2026-01-02",
        "torch": version("torch"),
        "num_threads": 1,
        "memory_bytes": 10**10,
        "observations": observations,
    }
    return fit_rates(Calibration(**{**known, **changes}))


def planted_seconds(spec, timed):
    """Return the seconds of a pass of one member by the planted rates."""
    return seconds(RATES[timed], count_work(spec, requested_plan(spec), timed))


def observation_of(spec, timed, factor):
    plan = requested_plan(spec)
    work, design = count_work(spec, plan, timed), design_text(spec, plan, timed)
    return observe(work, design=design, family=spec.family.name, timed=timed, factor=factor)
