// The advice in sentences and as a table.

/** @type {Record<LimitName, string>} */
const LIMIT_NOUNS = {
  parameters: "number of parameters",
  epochs: "number of epochs",
  hours: "training time",
  memory_bytes: "memory",
  latency_ms: "inference time",
  fastest_latency_ms: "inference time with the fastest execution",
  accuracy_percent: "accuracy",
};
const LATENCY_EXECUTION =
  "with the members run one after another unless the fastest execution is named";
const MAX_RIVALS_SHOWN = 8;

/** @param {number} number @param {string} noun */
function countOf(number, noun) {
  return `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** @param {Design} design */
function labelDesign(design) {
  const members = design.k === 1 ? "" : `, k = ${design.k}`;
  return `${design.designClass}${members}, depth ${design.depth}, width ${design.width}`;
}

/** @param {Reading} reading */
function labelReading(reading) {
  const { design } = reading.candidate;
  return `${labelDesign(design)} (${design.setting}), ${countOf(design.epochs[reading.row], "epoch")}`;
}

/** The answer in one sentence. @param {Advice} advice @param {Limits} limits */
function headlineOf(advice, limits) {
  if (advice.answer === "outside") {
    const reasons = advice.outside.map(describeOutOfRange).join("; ");
    const why = reasons || "no run has a finite error";
    return `Outside what was measured: ${why}. Nothing is extrapolated.`;
  }
  if (advice.best === null) {
    const options = advice.bindings.map((binding) => describeBindingLimits(binding, limits));
    const measured =
      advice.numDesigns === 1
        ? "The only measured design does not meet"
        : `None of the ${advice.numDesigns} measured designs meets`;
    return `${measured} the limits. ${options.join(" Or: ")}`;
  }
  if (advice.answer === "decided") return `Build ${labelReading(advice.best)}.`;
  const number = advice.rivals.length;
  const others = `${countOf(number, "other design")} ${number === 1 ? "is" : "are"}`;
  const { designClass, k } = advice.best.candidate.design;
  const members = k === 1 ? "" : ` with ${k} members`;
  const decided = advice.classDecided
    ? ` The class is decided: all are ${designClass}${members}.`
    : "";
  return (
    `Undecided: ${labelReading(advice.best)}, has the lowest mean error, ` +
    `but ${others} not shown to be worse.${decided}`
  );
}

/** @param {OutOfRange} outside */
function describeOutOfRange(outside) {
  if (outside.measured === null) {
    return `the ${LIMIT_NOUNS[outside.limit]} is limited but was not measured on this device`;
  }
  const asked = formatAmount(outside.limit, outside.asked);
  return `${asked} requested, at most ${formatAmount(outside.limit, outside.measured)} measured`;
}

/** @param {BindingLimits} binding @param {Limits} limits */
function describeBindingLimits(binding, limits) {
  const changes = binding.limits.map((name, i) => {
    const asked = formatAmount(name, /** @type {number} */ (limits[name]));
    const needed = formatAmount(name, roundOutward(name, binding.needed[i]));
    return `the ${LIMIT_NOUNS[name]} from ${asked} to ${needed}`;
  });
  const noun = changes.length === 1 ? "limit" : "limits";
  const design = labelReading(binding.reading);
  return `Relaxing the ${noun} on ${changes.join(" and ")} would admit ${design}.`;
}

/** The evidence for the advice, and its caveats. @param {Model} model @param {Advice} advice
 * @param {Limits} limits @returns {string[]} */
function remarksOf(model, advice, limits) {
  const { best } = advice;
  if (best === null) return [];
  const { design, cost } = best.candidate;
  const remarks = [
    `Based on ${countOf(design.numRuns, "run")} of this design ` +
      `(${countOf(best.numSeeds, "seed")}). Designs considered: ${advice.numDesigns} ` +
      `(${countOf(advice.numRuns, "run")}); within the limits: ${advice.numFeasible}.`,
  ];
  if (best.numSeeds === 1) {
    const undecided = advice.rivals.length ? ", so nothing can be decided" : "";
    remarks.push(`One seed gives no interval${undecided}.`);
  }
  remarks.push(
    advice.runnerUp
      ? `Runner-up: ${describeRival(advice.runnerUp)}.`
      : "No other design meets the limits, so there is no comparison.",
  );
  for (const [name, reading] of advice.cheapest) {
    const value = amountUsed(model, reading, name);
    const isListed =
      name === "fastest_latency_ms" && value === amountUsed(model, reading, "latency_ms");
    if (reading !== best && value !== null && !isListed) {
      remarks.push(
        `Lowest ${LIMIT_NOUNS[name]} among the acceptable designs: ${labelReading(reading)}, ` +
          `${formatAmount(name, value)}, error ${reading.error.toFixed(2)} %.`,
      );
    }
  }
  const epoch = design.epochs[best.row];
  const last = design.epochs[design.epochs.length - 1];
  if (epoch < last) {
    remarks.push(
      `The error is that after epoch ${epoch} of ${last}. The learning rate follows the ` +
        `schedule of the whole run; a run with epochs=${epoch} follows another schedule.`,
    );
  }
  const wanted = limits.accuracy_percent;
  if (wanted !== undefined && (best.interval?.upper ?? NO_LIMIT) > 100 - wanted) {
    remarks.push(
      `The mean reaches ${wanted} % accuracy, but the interval over the seeds does not confirm it.`,
    );
  }
  if (advice.atEdge) {
    remarks.push(
      "The design has the largest measured budget; larger ones may or may not be better.",
    );
  }
  remarks.push(
    cost === null
      ? "Its time and memory were not measured on this device."
      : `Times were measured on ${cost.condition}.`,
  );
  const sizes = advice.latencyBatchSizes.join(", ");
  if (advice.latencyBatchSizes.length === 1) {
    remarks.push(`Inference times are for batch size ${sizes}, ${LATENCY_EXECUTION}.`);
  } else if (sizes) {
    remarks.push(
      `Inference times are for different batch sizes (${sizes}) and cannot be compared; they ` +
        `were measured ${LATENCY_EXECUTION}.`,
    );
  }
  if (cost?.memoryKind === "process resident") {
    remarks.push("Memory is that of the whole process, including the interpreter and libraries.");
  }
  return remarks;
}

/** @param {Rival} rival */
function describeRival(rival) {
  if (rival.difference === null) {
    const name = labelReading(rival.reading);
    return `${name}; it shares no seed with the best design, so their errors cannot be paired`;
  }
  const { lower, upper } = rival.interval ?? {};
  const interval =
    lower === undefined || upper === undefined
      ? "no interval"
      : `95 % t interval ${formatSigned(lower)} to ${formatSigned(upper)}`;
  const seeds = countOf(rival.numPairs, "paired seed");
  const points = `${formatSigned(rival.difference)} percentage points, ${interval}`;
  return `${labelReading(rival.reading)}; its error minus the best design's is ${points} (${seeds})`;
}

/** A table of the best design and its rivals. @param {Model} model @param {Advice} advice */
function tabulateAdvice(model, advice) {
  if (advice.best === null) return "";
  const measure = advice.best.candidate.design.measure;
  const shown = advice.rivals.slice(0, MAX_RIVALS_SHOWN);
  if (!shown.length && advice.runnerUp) shown.push(advice.runnerUp);
  const settings = [advice.best, ...shown.map((rival) => rival.reading)].map(settingOf);
  const settingColumn = distinct(settings).length > 1 ? ["Setting"] : [];
  const cells = (/** @type {Reading} */ reading) =>
    cellsOf(model, reading, settingColumn.length > 0);
  const rows = [
    ["best", ...cells(advice.best)],
    ...shown.map((rival) => [rival.isWorse ? "worse" : "rival", ...cells(rival.reading)]),
  ];
  const left = advice.rivals.length - shown.length;
  const more = left > 0 ? ` ${left} more rivals are not listed.` : "";
  return makeTable(
    "Rivals are not shown to be worse than the best design. " +
      `Mean ± sample standard deviation over the seeds.${more}`,
    ["Standing", "Design", ...settingColumn, "Parameters", "Epochs", `Expected ${measure}, %`, "95 % interval",
     "Training, s", "Inference, ms/image", "Fastest, ms/image", "Peak memory", "Runs"], // prettier-ignore
    rows,
    2 + settingColumn.length,
  );
}

/** @param {Reading} reading */
const settingOf = (reading) => reading.candidate.design.setting;

/** @param {Model} model @param {Reading} reading @param {boolean} withSetting @returns {string[]} */
function cellsOf(model, reading, withSetting) {
  const { design, cost } = reading.candidate;
  const seconds = cost && model.floats[cost.seconds + reading.row];
  const std = cost?.secondsStd == null ? null : model.floats[cost.secondsStd + reading.row];
  return [
    labelDesign(design),
    ...(withSetting ? [settingOf(reading)] : []),
    formatCount(design.parameters),
    String(design.epochs[reading.row]),
    reading.error.toFixed(2),
    formatInterval(reading.interval),
    formatSpread(seconds, std, 3),
    formatSpread(cost?.latency ?? null, cost?.latencyStd ?? null, 3),
    formatSpread(cost?.fastest ?? null, cost?.fastestStd ?? null, 3),
    cost?.memory == null ? ABSENT : formatAmount("memory_bytes", cost.memory),
    String(design.numRuns),
  ];
}
