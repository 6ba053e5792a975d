// The rule of ensemble_switchover/analysis/advice/rule.py, told there; the tests hold the two equal.

const SECONDS_OF_HOUR = 3600;
const ROUNDING = 1e-5; // curves have 24 bits: what is no further apart is equal
const NO_LIMIT = Infinity;

/** @type {LimitName[]} */
const LIMIT_NAMES = [
  "parameters",
  "epochs",
  "hours",
  "memory_bytes",
  "latency_ms",
  "fastest_latency_ms",
  "accuracy_percent",
];
/** @type {LimitName[]} */
const COST_NAMES = ["parameters", "hours", "memory_bytes", "latency_ms", "fastest_latency_ms"];

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

/** @param {Design[]} designs @param {string} device @returns {Candidate[]} */
function listCandidates(designs, device) {
  return designs.flatMap((design) => {
    /** @type {(Cost | null)[]} */
    const costs = design.costs.filter((cost) => cost.device === device);
    return (costs.length ? costs : [null]).map((cost) => ({ design, cost }));
  });
}

/** Error in percent of a seed, by its index, after an epoch, by its index.
 * @param {Model} model @param {Design} design @param {number} seed @param {number} row */
function errorOf(model, design, seed, row) {
  return model.floats[design.errors + seed * design.epochs.length + row];
}

/** @param {Model} model @param {Design} design @param {number} row @returns {Map<number, number>} */
function finiteErrors(model, design, row) {
  const errors = new Map();
  design.seeds.forEach((seed, index) => {
    const error = errorOf(model, design, index, row);
    if (Number.isFinite(error)) errors.set(seed, error);
  });
  return errors;
}

/** @param {number[]} values */
function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; null for one value. @param {number[]} values */
function stdOf(values) {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** The 95 % t interval of the mean; null where there is no spread.
 * @param {Model} model @param {number[]} values @returns {Interval | null} */
function tInterval(model, values) {
  const std = stdOf(values);
  if (std === null || std <= ROUNDING) return null;
  const mean = meanOf(values);
  const half = (model.content.tQuantiles[values.length - 2] * std) / Math.sqrt(values.length);
  return { mean, lower: mean - half, upper: mean + half };
}

/** @param {Model} model @param {Candidate} candidate @param {number} row @returns {Fit | null} */
function readCandidate(model, candidate, row) {
  const errors = [...finiteErrors(model, candidate.design, row).values()];
  if (!errors.length) return null;
  return {
    candidate,
    row,
    error: meanOf(errors),
    interval: tInterval(model, errors),
    numSeeds: errors.length,
  };
}

/** @param {Model} model @param {Candidate} candidate @param {number} row */
function hoursUntil(model, candidate, row) {
  return candidate.cost === null
    ? null
    : model.floats[candidate.cost.seconds + row] / SECONDS_OF_HOUR;
}

/** What a fit takes of what a limit limits; null: not measured.
 * @param {Model} model @param {Fit} fit @param {LimitName} name @returns {number | null} */
function takenOf(model, fit, name) {
  const { design, cost } = fit.candidate;
  if (name === "parameters") return design.parameters;
  if (name === "epochs") return design.epochs[fit.row];
  if (name === "accuracy_percent") return 100 - fit.error;
  if (name === "hours") return hoursUntil(model, fit.candidate, fit.row);
  if (cost === null) return null;
  if (name === "memory_bytes") return cost.memory;
  return name === "latency_ms" ? cost.latency : cost.fastest;
}

/** @param {Model} model @param {Fit} fit @param {Limits} limits @param {LimitName} name */
function keepsLimit(model, fit, limits, name) {
  const value = takenOf(model, fit, name);
  const limit = limits[name] ?? NO_LIMIT;
  if (value === null) return false;
  return name === "accuracy_percent" ? value >= limit : value <= limit;
}

/** Index of the last epoch within the epochs and hours; -1 if there is none.
 * @param {Model} model @param {Candidate} candidate @param {Limits} limits */
function lastRow(model, candidate, limits) {
  const { epochs } = candidate.design;
  for (let row = epochs.length - 1; row >= 0; row -= 1) {
    const hours = limits.hours === undefined ? 0 : hoursUntil(model, candidate, row);
    const inTime = hours !== null && hours <= (limits.hours ?? NO_LIMIT);
    if (epochs[row] <= (limits.epochs ?? NO_LIMIT) && inTime) return row;
  }
  return -1;
}

/** What fits, one fit a design, best first.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits @returns {Fit[]} */
function fitAll(model, candidates, limits) {
  const given = givenLimits(limits);
  /** @type {Fit[]} */
  const fits = [];
  for (const candidate of candidates) {
    const row = lastRow(model, candidate, limits);
    const fit = row < 0 ? null : readCandidate(model, candidate, row);
    if (fit && given.every((name) => keepsLimit(model, fit, limits, name))) fits.push(fit);
  }
  fits.sort((one, other) => compareRanks(rankOf(model, one), rankOf(model, other)));
  const seen = new Set();
  return fits.filter((fit) => !seen.has(fit.candidate.design) && seen.add(fit.candidate.design));
}

/** @param {Model} model @param {Fit} fit */
function rankOf(model, fit) {
  const { design } = fit.candidate;
  const hours = hoursUntil(model, fit.candidate, fit.row) ?? NO_LIMIT;
  return [Math.round(fit.error / ROUNDING), design.parameters, hours, design.k, design.depth];
}

/** @param {number[]} one @param {number[]} other */
function compareRanks(one, other) {
  const index = one.findIndex((value, i) => value !== other[i]);
  return index < 0 ? 0 : one[index] < other[index] ? -1 : 1;
}

/** @param {Model} model @param {Fit} fit @param {Fit} best @returns {Rival} */
function compareFits(model, fit, best) {
  const ours = finiteErrors(model, best.candidate.design, best.row);
  const differences = [...finiteErrors(model, fit.candidate.design, fit.row)]
    .filter(([seed]) => ours.has(seed))
    .map(([seed, error]) => error - /** @type {number} */ (ours.get(seed)));
  const interval = tInterval(model, differences);
  return {
    fit,
    difference: differences.length ? meanOf(differences) : null,
    interval,
    numPairs: differences.length,
    isWorse: interval !== null && interval.lower > 0,
  };
}

/** The reading that keeps every other limit and comes nearest to this one.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits
 * @param {LimitName} name @returns {Fit | null} */
function nearestFit(model, candidates, limits, name) {
  const rest = withoutLimits(limits, [name]);
  const given = givenLimits(rest);
  const sign = name === "accuracy_percent" ? -1 : 1;
  let nearest = null;
  let distance = NO_LIMIT;
  for (const candidate of candidates) {
    const last = lastRow(model, candidate, rest);
    const first = name === "epochs" || name === "hours" ? 0 : last;
    for (let row = Math.max(first, 0); row <= last; row += 1) {
      const fit = readCandidate(model, candidate, row);
      const value = fit && takenOf(model, fit, name);
      if (fit === null || value === null || sign * value >= distance) continue;
      if (given.every((other) => keepsLimit(model, fit, rest, other))) {
        nearest = fit;
        distance = sign * value;
      }
    }
  }
  return nearest;
}

/** The fewest limits that are in the way, where nothing fits.
 * @param {Model} model @param {Candidate[]} candidates @param {Limits} limits */
function findBindings(model, candidates, limits) {
  const given = givenLimits(limits);
  for (let size = 1; size <= given.length; size += 1) {
    /** @type {Binding[]} */
    const found = [];
    for (const names of combinations(given, size)) {
      const fits =
        size === 1
          ? [nearestFit(model, candidates, limits, names[0])].filter((fit) => fit !== null)
          : fitAll(model, candidates, withoutLimits(limits, names));
      for (const fit of fits) {
        const needed = names.flatMap((name) => takenOf(model, fit, name) ?? []);
        if (needed.length < size) continue;
        found.push({ limits: names, needed, fit });
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
function findOutside(model, candidates, limits) {
  const designs = candidates.map((candidate) => candidate.design);
  const costs = candidates.flatMap((candidate) => candidate.cost ?? []);
  /** @type {Partial<Record<LimitName, number>>} */
  const reached = {
    parameters: Math.max(...designs.map((d) => Math.max(d.parameters, d.budgetParameters))),
    epochs: Math.max(...designs.map((d) => d.epochs[d.epochs.length - 1])),
  };
  /** @type {Partial<Record<LimitName, boolean>>} */
  const measured = {
    hours: costs.length > 0,
    memory_bytes: costs.some((cost) => cost.memory !== null),
    latency_ms: costs.some((cost) => cost.latency !== null),
    fastest_latency_ms: costs.some((cost) => cost.fastest !== null),
  };
  /** @type {Outside[]} */
  const outside = [];
  for (const limit of givenLimits(limits)) {
    const asked = /** @type {number} */ (limits[limit]);
    const most = reached[limit];
    if (most !== undefined && asked > model.content.reach * most) {
      outside.push({ limit, asked, measured: most });
    }
    if (measured[limit] === false) outside.push({ limit, asked, measured: null });
  }
  return outside;
}

/** @param {Model} model @param {Fit[]} willDo @returns {[LimitName, Fit][]} */
function findCheapest(model, willDo) {
  return COST_NAMES.flatMap((name) => {
    let least = NO_LIMIT;
    let cheapest = null;
    for (const fit of willDo) {
      const value = takenOf(model, fit, name);
      if (value !== null && value < least) {
        least = value;
        cheapest = fit;
      }
    }
    return cheapest ? [/** @type {[LimitName, Fit]} */ ([name, cheapest])] : [];
  });
}

/** @param {Model} model @param {Candidate[]} candidates @param {Limits} limits @returns {Advice} */
function advise(model, candidates, limits) {
  const designs = [...new Set(candidates.map((candidate) => candidate.design))];
  const outside = findOutside(model, candidates, limits);
  const fits = outside.length ? [] : fitAll(model, candidates, limits);
  const best = fits[0] ?? null;
  const others = fits.slice(1).map((fit) => compareFits(model, fit, best));
  const rivals = others.filter((rival) => !rival.isWorse);
  const bindings = outside.length || fits.length ? [] : findBindings(model, candidates, limits);
  const largest = Math.max(...designs.map((design) => design.budgetParameters));
  const free = limits.parameters === undefined || limits.parameters >= largest;
  const timed = candidates.flatMap(({ cost }) => cost?.latencyBatch ?? []);
  const willDo =
    limits.accuracy_percent === undefined
      ? [...fits.slice(0, 1), ...rivals.map((rival) => rival.fit)]
      : fits;
  const isBestsClass = (/** @type {Rival} */ rival) =>
    rival.fit.candidate.design.designClass === best.candidate.design.designClass &&
    rival.fit.candidate.design.k === best.candidate.design.k;
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
    cheapest: findCheapest(model, willDo),
    bindings,
    outside,
    numDesigns: designs.length,
    numFitting: fits.length,
    numRuns: designs.reduce((sum, design) => sum + design.numRuns, 0),
    latencyBatchSizes: [...new Set(timed)].sort((one, other) => one - other),
    atEdge: best !== null && free && best.candidate.design.budgetParameters === largest,
  };
}
