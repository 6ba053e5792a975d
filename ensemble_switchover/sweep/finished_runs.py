"""What the finished runs of a study say: their errors, and how long others will take (no torch)."""

from __future__ import annotations

import math
from collections import defaultdict
from statistics import fmean
from typing import TYPE_CHECKING

from ensemble_switchover.machine.caches import cache_root, optional_cache
from ensemble_switchover.planning.cost import relative_training_cost
from ensemble_switchover.planning.overheads import learned, read_overheads, write_overheads
from ensemble_switchover.results.document import read_document
from ensemble_switchover.results.state import RunState, run_state
from ensemble_switchover.sweep.next_runs import FinishedRuns, design_of
from ensemble_switchover.sweep.seed_seconds import seconds_with_wait, seed_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ensemble_switchover.config.run_spec import RunSpec
    from ensemble_switchover.results.document import Document
    from ensemble_switchover.sweep.next_runs import CandidateDesign


def read_finished(specs: Sequence[RunSpec]) -> FinishedRuns:
    """Read the errors of finished runs; how long others take follows from those of their kind.

    A run takes as long as those of its design did on average, or, without any, as those of its
    class did for each unit of work. Where seeds are trained together it is their share. The
    seconds include those between the job before and this one.
    """
    errors: dict[str, float] = {}
    of_design: defaultdict[CandidateDesign, list[Document]] = defaultdict(list)
    of_class: defaultdict[object, list[float]] = defaultdict(list)
    for spec in specs:
        if run_state(spec.folder) is RunState.FINISHED:
            document = read_document(spec.folder)
            if math.isfinite(document.summary.error_percent):
                errors[spec.name] = document.summary.error_percent
            seconds = seconds_with_wait(document.record)
            of_design[design_of(spec)].append(document)
            of_class[spec.design.design_class].append(seconds / relative_training_cost(spec))
    all_rates = [rate for rates in of_class.values() for rate in rates]
    predicted, of_seed = {}, {}
    for spec in specs:
        known = of_design.get(design_of(spec))
        if known:
            of_seed[spec.name] = seed_seconds(known, len(spec.evaluated_epochs))
            predicted[spec.name] = of_seed[spec.name].share
        else:
            rates = of_class.get(spec.design.design_class) or all_rates
            rate = fmean(rates) if rates else 0.0
            predicted[spec.name] = rate * relative_training_cost(spec)
    return FinishedRuns(errors, predicted, of_seed)


def keep_learned(specs: Sequence[RunSpec]) -> None:
    """Keep what runs say that are finished now of what jobs take beside training, for plans."""
    known = read_overheads(specs[0])
    finished = [spec for spec in specs if run_state(spec.folder) is RunState.FINISHED]
    if known is None or not finished:
        return
    records = [read_document(spec.folder).record for spec in finished]
    with optional_cache(cache_root(specs[0].dataset.cache)):
        write_overheads(specs[0], learned(known, records))
