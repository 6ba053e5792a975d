// The rule of ensemble_switchover/analysis/advice/rule.py, which describes it; a test compares both.

const SECONDS_PER_HOUR = 3600;
const NO_LIMIT = Infinity;

/** @type {LimitName[]} */
const LIMIT_NAMES = [
  "parameters",
  "epochs",
  "hours",
  "memory_bytes",
  "latency_ms",
  "latency_p99_ms",
  "fastest_latency_ms",
  "accuracy_percent",
];
/** @type {LimitName[]} */
const COST_NAMES = [
  "parameters",
  "hours",
  "memory_bytes",
  "latency_ms",
  "latency_p99_ms",
  "fastest_latency_ms",
];

/** The costs by which a short list may be ordered: of those that are limited, the first.
 * @type {LimitName[]} */
const COSTS_IN_ORDER = [
  "latency_ms",
  "latency_p99_ms",
  "fastest_latency_ms",
  "hours",
  "memory_bytes",
  "parameters",
];
/** The costs by which it is ordered otherwise: the first that compares. @type {LimitName[]} */
const COSTS_WITHOUT_LIMITS = ["latency_ms", "hours", "parameters"];

/** Of times that order designs, over the seeds, as a share of the mean. */
const LARGEST_DEVIATION = 0.2;

/** @param {Limits} limits */
function givenLimits(limits) {
  return LIMIT_NAMES.filter((name) => limits[name] !== undefined);
}

/** @param {Limits} limits @param {LimitName[]} names @returns {Limits} */
function withoutLimits(limits, names) {
  return Object.fromEntries(
    givenLimits(limits)
      .filter((name) => !names.includes(name))
      .map((name) => [name, limits[name]]),
  );
}

/** @param {Content} content @param {Design[]} designs @param {string} device
 * @returns {Candidate[]} */
function listCandidates(content, designs, device) {
  const other = content.otherDevices[device];
  return designs.flatMap((design) => {
    /** @type {(Cost | null)[]} */
    const costs = design.costs.filter((cost) => cost.device === device);
    const elsewhere = !costs.length && design.costs.some((cost) => cost.device === other);
    return (costs.length ? costs : [null]).map((cost) => ({
      design,
      cost,
      hasOtherTimes: elsewhere,
    }));
  });
}

/** The seeds whose errors count, and the index of the first of their errors.
 * @param {Model} model @param {Design} design @returns {Sample} */
function sampleOf(model, design) {
  return model.turned && design.other ? design.other : design;
}

/** The finite errors of a design after an epoch, given by its index: seed -> percent.
 * @param {Model} model @param {Design} design @param {number} row @returns {Map<number, number>} */
function finiteErrors(model, design, row) {
  const errors = new Map();
  const sample = sampleOf(model, design);
  sample.seeds.forEach((seed, index) => {
    const error = model.floats[sample.errors + index * design.epochs.length + row];
    if (Number.isFinite(error)) errors.set(seed, error);
  });
  return errors;
}

/** The finite losses of a design after an epoch, given by its index: seed -> loss of the metric.
 * @param {Model} model @param {Design} design @param {number} row @returns {Map<number, number>} */
function finiteLosses(model, design, row) {
  if (model.quality.name === "error") return finiteErrors(model, design, row);
  const losses = new Map();
  const sample = sampleOf(model, design);
  const curves = sample.losses[model.quality.name]; // none of a cascade by some metrics
  if (curves === undefined) return losses;
  const [first, start] = curves;
  if (row < start) return losses;
  sample.seeds.forEach((seed, index) => {
    const loss = model.floats[first + index * (design.epochs.length - start) + row - start];
    if (Number.isFinite(loss)) losses.set(seed, loss);
  });
  return losses;
}

/** What is finite of a design after an epoch; nothing if it was not evaluated.
 * @param {typeof finiteErrors} finite @param {Model} model @param {Design} design
 * @param {number} epoch @returns {number[]} */
function valuesAfter(finite, model, design, epoch) {
  const row = design.epochs.indexOf(epoch);
  return row < 0 ? [] : [...finite(model, design, row).values()];
}

/** The interval of a mean after an epoch, given by its index.
 * @param {typeof finiteErrors} finite @param {Model} model @param {Design} design
 * @param {number} row @param {number | null} largest @returns {ErrorInterval | null} */
function intervalAt(finite, model, design, row, largest) {
  const { rule, designs } = model.content;
  const values = [...finite(model, design, row).values()];
  const isFew = values.length < rule.minSeeds || varianceOf(values) === 0;
  const beside = (isFew ? design.beside : []).map((index) =>
    valuesAfter(finite, model, designs[index], design.epochs[row]),
  );
  return errorInterval(rule, values, beside, largest);
}

/** @param {Model} model @param {Candidate} candidate @param {number} row @returns {Reading | null} */
function readCandidate(model, candidate, row) {
  const { design } = candidate;
  const seedErrors = finiteErrors(model, design, row);
  const seedLosses = finiteLosses(model, design, row);
  if (!seedErrors.size || !seedLosses.size) return null;
  return {
    candidate,
    row,
    seedErrors,
    error: meanOf([...seedErrors.values()]),
    seedLosses,
    loss: meanOf([...seedLosses.values()]),
    interval: intervalAt(finiteLosses, model, design, row, model.quality.largest),
    numSeeds: seedLosses.size,
  };
}

/** @param {Model} model @param {Candidate} candidate @param {number} row */
function hoursUntil(model, candidate, row) {
  const seconds = candidate.cost?.seconds ?? null;
  return seconds === null ? null : model.floats[seconds + row] / SECONDS_PER_HOUR;
}

/** The quantity that a limit restricts, in its unit; null if not measured.
 * @param {Model} model @param {Reading} reading @param {LimitName} name @returns {number | null} */
function amountUsed(model, reading, name) {
  const { design, cost } = reading.candidate;
  if (name === "parameters") return design.parameters;
  if (name === "epochs") return design.epochs[reading.row];
  if (name === "accuracy_percent") return 100 - reading.error;
  if (name === "hours") return hoursUntil(model, reading.candidate, reading.row);
  if (cost === null) return null;
  if (name === "memory_bytes") return cost.memory;
  if (name === "latency_p99_ms") return cost.slowest;
  return name === "latency_ms" ? cost.latency : cost.fastest;
}

/** @param {Model} model @param {Reading} reading @param {Limits} limits @param {LimitName} name */
function meetsLimit(model, reading, limits, name) {
  const value = amountUsed(model, reading, name);
  const limit = limits[name] ?? NO_LIMIT;
  if (value === null) return false;
  return name === "accuracy_percent" ? value >= limit : value <= limit;
}

/** Index of the last epoch within the limits on epochs and hours; -1 if there is none.
 * @param {Model} model @param {Candidate} candidate @param {Limits} limits */
function lastAllowedRow(model, candidate, limits) {
  const { epochs } = candidate.design;
  for (let row = epochs.length - 1; row >= 0; row -= 1) {
    const hours = limits.hours === undefined ? 0 : hoursUntil(model, candidate, row);
    const inTime = hours !== null && hours <= (limits.hours ?? NO_LIMIT);
    if (epochs[row] <= (limits.epochs ?? NO_LIMIT) && inTime) return row;
  }
  return -1;
}

/** One reading for each design that meets the limits, best first.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits @returns {Reading[]} */
function feasibleReadings(model, candidates, limits) {
  const given = givenLimits(limits);
  /** @type {Reading[]} */
  const readings = [];
  for (const candidate of candidates) {
    const row = lastAllowedRow(model, candidate, limits);
    const reading = row < 0 ? null : readCandidate(model, candidate, row);
    if (reading && given.every((name) => meetsLimit(model, reading, limits, name)))
      readings.push(reading);
  }
  readings.sort((one, other) => compareRanks(rankOf(model, one), rankOf(model, other)));
  const seen = new Set();
  return readings.filter(
    (reading) => !seen.has(reading.candidate.design) && seen.add(reading.candidate.design),
  );
}

/** @param {Model} model @param {Reading} reading */
function rankOf(model, reading) {
  const { design } = reading.candidate;
  const hours = hoursUntil(model, reading.candidate, reading.row) ?? NO_LIMIT;
  return [Math.round(reading.loss / ROUNDING), design.parameters, hours, design.k, design.depth];
}

/** @param {number[]} one @param {number[]} other */
function compareRanks(one, other) {
  const index = one.findIndex((value, i) => value !== other[i]);
  return index < 0 ? 0 : one[index] < other[index] ? -1 : 1;
}

/** @param {Model} model @param {Reading} reading @param {Reading} best @returns {Rival} */
function compareReadings(model, reading, best) {
  const found = compareErrors(model.content.rule, reading.seedLosses, best.seedLosses);
  return {
    reading,
    difference: found.mean,
    interval: found.interval,
    numRivalSeeds: found.numFirst,
    numBestSeeds: found.numSecond,
    isWorse: found.interval !== null && found.interval.lower > ROUNDING,
  };
}

/** The reading that meets every other limit and comes nearest to this one.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits
 * @param {LimitName} name @returns {Reading | null} */
function nearestReading(model, candidates, limits, name) {
  const rest = withoutLimits(limits, [name]);
  const given = givenLimits(rest);
  const sign = name === "accuracy_percent" ? -1 : 1;
  let nearest = null;
  let distance = NO_LIMIT;
  for (const candidate of candidates) {
    const last = lastAllowedRow(model, candidate, rest);
    const first = name === "epochs" || name === "hours" ? 0 : last;
    for (let row = Math.max(first, 0); row <= last; row += 1) {
      const reading = readCandidate(model, candidate, row);
      const value = reading && amountUsed(model, reading, name);
      if (reading === null || value === null || sign * value >= distance) continue;
      if (given.every((other) => meetsLimit(model, reading, rest, other))) {
        nearest = reading;
        distance = sign * value;
      }
    }
  }
  return nearest;
}

/** The smallest sets of limits that rule out every candidate.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits */
function findBindingLimits(model, candidates, limits) {
  const given = givenLimits(limits);
  for (let size = 1; size <= given.length; size += 1) {
    /** @type {BindingLimits[]} */
    const found = [];
    for (const names of combinations(given, size)) {
      const readings =
        size === 1
          ? [nearestReading(model, candidates, limits, names[0])].filter(
              (reading) => reading !== null,
            )
          : feasibleReadings(model, candidates, withoutLimits(limits, names));
      for (const reading of readings) {
        const needed = names.flatMap((name) => amountUsed(model, reading, name) ?? []);
        if (needed.length < size) continue;
        found.push({ limits: names, needed, reading });
        break;
      }
    }
    if (found.length) return found;
  }
  return [];
}

/** @template T @param {T[]} items @param {number} size @returns {T[][]} */
function combinations(items, size) {
  if (size === 0) return [[]];
  return items.flatMap((item, index) =>
    combinations(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]),
  );
}

/** @param {Model} model @param {Candidate[]} candidates @param {Limits} limits */
function findOutOfRange(model, candidates, limits) {
  const designs = candidates.map((candidate) => candidate.design);
  const costs = candidates.flatMap((candidate) => candidate.cost ?? []);
  /** @type {Partial<Record<LimitName, number>>} */
  const reached = {
    parameters: Math.max(...designs.map((d) => Math.max(d.parameters, d.budgetParameters))),
    epochs: Math.max(...designs.map((d) => d.epochs[d.epochs.length - 1])),
  };
  /** @type {Partial<Record<LimitName, boolean>>} */
  const measured = {
    hours: costs.some((cost) => cost.seconds !== null),
    memory_bytes: costs.some((cost) => cost.memory !== null),
    latency_ms: costs.some((cost) => cost.latency !== null),
    latency_p99_ms: costs.some((cost) => cost.slowest !== null),
    fastest_latency_ms: costs.some((cost) => cost.fastest !== null),
  };
  /** @type {OutOfRange[]} */
  const outside = [];
  for (const limit of givenLimits(limits)) {
    const asked = /** @type {number} */ (limits[limit]);
    const most = reached[limit];
    if (most !== undefined && asked > model.content.measuredRangeFactor * most) {
      outside.push({ limit, asked, measured: most });
    }
    if (measured[limit] === false) outside.push({ limit, asked, measured: null });
  }
  return outside;
}

/** The margin within which designs count as equally good, in the unit of the metric.
 * @param {Quality} quality @param {Reading} best */
function metricMargin({ largest, largestMargin }, best) {
  const { numImages, lossSpread } = best.candidate.design;
  if (numImages < 1) return largestMargin;
  if (largest === null)
    return Math.min(largestMargin, (best.loss * (lossSpread ?? 1)) / Math.sqrt(numImages));
  const share = best.loss / largest;
  const standardError = largest * Math.sqrt((share * (1 - share)) / numImages);
  return Math.min(largestMargin, Math.max(standardError, largest / numImages));
}

/** The cost by which designs are ordered: one that was measured alike for all of them.
 * @param {Model} model @param {Reading[]} readings @param {Limits} limits @returns {LimitName} */
function chooseCost(model, readings, limits) {
  const sizes = new Set(readings.map(({ candidate }) => candidate.cost?.latencyBatch ?? null));
  const limited = COSTS_IN_ORDER.filter((name) => limits[name] !== undefined);
  const compares = (/** @type {LimitName} */ name) =>
    readings.every((reading) => amountUsed(model, reading, name) !== null) &&
    readings.every((reading) => isSteady(model, reading, name)) &&
    (sizes.size === 1 || !name.includes("latency"));
  return [...limited, ...COSTS_WITHOUT_LIMITS].find(compares) ?? "parameters";
}

/** Whether a time varies little over the seeds; other costs do not vary.
 * @param {Model} model @param {Reading} reading @param {LimitName} name */
function isSteady(model, { candidate, row }, name) {
  const { cost } = candidate;
  if (cost === null) return true;
  const [mean, deviation] =
    name === "latency_ms"
      ? [cost.latency, cost.latencyStd]
      : name === "fastest_latency_ms"
        ? [cost.fastest, cost.fastestStd]
        : name === "hours"
          ? [
              cost.seconds === null ? null : model.floats[cost.seconds + row],
              cost.secondsStd === null ? null : model.floats[cost.secondsStd + row],
            ]
          : [null, null];
  return mean === null || deviation === null || deviation <= LARGEST_DEVIATION * mean;
}

/** The designs as good as the best within the margin, the cheapest first.
 * @param {Model} model @param {Reading} best @param {Reading[]} others @param {Limits} limits
 * @returns {ShortList} */
function makeShortList(model, best, others, limits) {
  const { margin: given } = model.content;
  const margin = given ?? metricMargin(model.quality, best);
  const readings = [best, ...others.filter(({ loss }) => loss - best.loss <= margin + ROUNDING)];
  const cost = chooseCost(model, readings, limits);
  const rank = (/** @type {Reading} */ reading) => [
    amountUsed(model, reading, cost) ?? NO_LIMIT,
    reading.candidate.design.parameters,
  ];
  readings.sort((one, other) => compareRanks(rank(one), rank(other)));
  return { margin, isGiven: given !== null, cost, readings };
}

/** @param {Model} model @param {Reading[]} acceptable @param {Limits} limits
 * @returns {[LimitName, Reading][]} */
function findCheapest(model, acceptable, limits) {
  return COST_NAMES.flatMap((name) => {
    if (name === "latency_p99_ms" && limits.latency_p99_ms === undefined) return [];
    let least = NO_LIMIT;
    let cheapest = null;
    for (const reading of acceptable) {
      const value = amountUsed(model, reading, name);
      if (value !== null && value < least) {
        least = value;
        cheapest = reading;
      }
    }
    return cheapest ? [/** @type {[LimitName, Reading]} */ ([name, cheapest])] : [];
  });
}

/** @param {Model} model @param {Candidate[]} candidates @param {Limits} limits @returns {Advice} */
function advise(model, candidates, limits) {
  const designs = [...new Set(candidates.map((candidate) => candidate.design))];
  const whole = designs.filter((design) => !design.cascade); // a cascade has their runs
  const outside = findOutOfRange(model, candidates, limits);
  const unmeasured = outside.filter(({ measured }) => measured === null);
  const checked = withoutLimits(
    limits,
    unmeasured.map(({ limit }) => limit),
  );
  const readings = feasibleReadings(model, candidates, checked);
  const best = readings[0] ?? null;
  const others = readings.slice(1).map((reading) => compareReadings(model, reading, best));
  const rivals = others.filter((rival) => !rival.isWorse);
  const shortList =
    best &&
    makeShortList(
      model,
      best,
      rivals.map((rival) => rival.reading),
      checked,
    );
  const bindings = readings.length ? [] : findBindingLimits(model, candidates, checked);
  const largest = Math.max(...designs.map((design) => design.budgetParameters));
  const free = limits.parameters === undefined || limits.parameters >= largest;
  const timed = candidates.flatMap(({ cost }) => cost?.latencyBatch ?? []);
  const acceptable =
    limits.accuracy_percent === undefined && shortList
      ? readings.filter((reading) => shortList.readings.includes(reading))
      : readings;
  const isBestsClass = (/** @type {Rival} */ rival) =>
    rival.reading.candidate.design.designClass === best.candidate.design.designClass &&
    rival.reading.candidate.design.k === best.candidate.design.k;
  return {
    answer: best
      ? rivals.length
        ? "undecided"
        : "decided"
      : bindings.length
        ? "infeasible"
        : "outside",
    best,
    classDecided: best !== null && rivals.every(isBestsClass),
    runnerUp: others[0] ?? null,
    rivals,
    shortList,
    recommended: shortList && shortList.readings[0],
    cheapest: findCheapest(model, acceptable, limits),
    bindings,
    outside,
    numDesigns: designs.length,
    numFeasible: readings.length,
    numRuns: whole.reduce((sum, design) => sum + design.numRuns, 0),
    collapsed: whole.flatMap((design) => design.collapsed.map(({ name }) => name)),
    latencyBatchSizes: [...new Set(timed)].sort((one, other) => one - other),
    numOtherTimes: candidates.filter(({ hasOtherTimes }) => hasOtherTimes).length,
    atEdge: best !== null && free && best.candidate.design.budgetParameters === largest,
  };
}
