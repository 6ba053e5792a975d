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
const MAX_NAMED = 6;

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

/** The collapsed runs by name and number, and the answer of the other treatment of them.
 * @param {Model} model @param {Advice} advice @param {string} counts
 * @param {string | null} other headline of the advice with the collapsed runs in, or without
 * @param {string} headline @returns {string[]} */
function describeCollapse(model, advice, counts, other, headline) {
  const { collapsed } = advice;
  if (!collapsed.length) return [];
  const more = collapsed.length - MAX_NAMED;
  const names = collapsed.slice(0, MAX_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
  const kept = model.content.rule.keepCollapsed;
  const are = collapsed.length === 1 ? "is" : "are";
  const where = kept ? `${are} counted in every error` : `${are} left out of errors`;
  const sentences = [`${countOf(collapsed.length, "run")} collapsed and ${where}: ${names}.`];
  if (counts) sentences.push(`${counts}.`);
  if (other !== null) {
    const there = kept ? "Without collapsed runs" : "With collapsed runs in";
    const same = other === headline;
    sentences.push(same ? `${there}, the answer is the same.` : `${there}: ${other}`);
  }
  return sentences;
}

/** How many designs have times that do not compare. @param {Advice} advice @returns {string[]} */
function describeOtherTimes({ numOtherTimes: number }) {
  if (!number) return [];
  const have = number === 1 ? "has" : "have";
  const they = number === 1 ? "it meets" : "they meet";
  return [
    `${countOf(number, "design")} ${have} times on this device that do not compare with the ` +
      `others' (of runs themselves, or of timing passes); ${they} no limit on time or memory.`,
  ];
}

/** The evidence for the advice, and its caveats. @param {Model} model @param {Advice} advice
 * @param {Limits} limits @param {string[]} collapse @returns {string[]} */
function remarksOf(model, advice, limits, collapse) {
  const { best } = advice;
  const otherTimes = describeOtherTimes(advice);
  if (best === null) return [...otherTimes, ...collapse];
  const { design, cost } = best.candidate;
  const { rule } = model.content;
  const remarks = [
    `Based on ${countOf(design.numRuns, "run")} of this design ` +
      `(${countOf(best.numSeeds, "seed")}). Designs considered: ${advice.numDesigns} ` +
      `(${countOf(advice.numRuns, "run")}); within the limits: ${advice.numFeasible}.`,
  ];
  remarks.push(
    advice.runnerUp
      ? `Runner-up: ${describeRival(rule, advice.runnerUp)}.`
      : "No other design meets the limits, so there is no comparison.",
    ...lackingSeeds(rule, advice.rivals, best),
    rule.scope,
    ...otherTimes,
    ...collapse,
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
  const unmeasured = best.candidate.hasOtherTimes
    ? "Its times do not compare with those of the other designs."
    : "Its time and memory were not measured on this device.";
  remarks.push(cost === null ? unmeasured : `Times were measured on ${cost.condition}.`);
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

/** What the interval of a difference is called, with its confidence. @param {Rule} rule */
const nameInterval = (rule) => `${rule.level} ${rule.intervalNoun}`;

/** @param {Rule} rule @param {Rival} rival */
function describeRival(rule, rival) {
  if (rival.difference === null) {
    const name = labelReading(rival.reading);
    return `${name}; it shares no seed with the best design, so their errors cannot be paired`;
  }
  const { numRivalSeeds, numBestSeeds } = rival;
  let interval = "no interval";
  if (rival.interval !== null) {
    const { lower, upper } = rival.interval;
    interval = `${nameInterval(rule)} ${formatSigned(lower)} to ${formatSigned(upper)}`;
  } else if (Math.min(numRivalSeeds, numBestSeeds) >= rule.minSeeds) {
    interval = `no interval, since ${rule.whyNoInterval}`;
  }
  const seeds =
    rule.method === "paired_t"
      ? countOf(numRivalSeeds, "paired seed")
      : `${numRivalSeeds} against ${countOf(numBestSeeds, "seed")}`;
  const points = `${formatSigned(rival.difference)} percentage points, ${interval}`;
  return `${labelReading(rival.reading)}; its error minus the best design's is ${points} (${seeds})`;
}

/** Name the designs about which too few seeds decide nothing.
 * @param {Rule} rule @param {Rival[]} rivals @param {Reading} best @returns {string[]} */
function lackingSeeds(rule, rivals, best) {
  const needed = `; ${rule.minSeeds} are needed to decide`;
  if (rivals.length && best.numSeeds < rule.minSeeds)
    return [`The best design has ${countOf(best.numSeeds, "seed")}${needed}.`];
  const few = rivals.filter((rival) => rival.numRivalSeeds < rule.minSeeds);
  const paired = rule.method === "paired_t" ? " in common with the best design" : "";
  const named = few
    .slice(0, MAX_NAMED)
    .map((r) => `${labelReading(r.reading)}, has ${countOf(r.numRivalSeeds, "seed")}${paired}`);
  const more = few.length - MAX_NAMED;
  if (more > 0) named.push(`${more} more rivals have fewer than ${rule.minSeeds}${paired}`);
  return named.length ? [`${named.join("; ")}${needed}.`] : [];
}

/** Number of runs of a design, and how many of them collapsed. @param {Design} design */
function writeRuns(design) {
  const collapsed = design.collapsed.length ? ` (${design.collapsed.length} collapsed)` : "";
  return `${design.numRuns}${collapsed}`;
}

/** A table of the best design and its rivals. @param {Model} model @param {Advice} advice */
function tabulateAdvice(model, advice) {
  if (advice.best === null) return "";
  const { rule } = model.content;
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
    `Rivals are not shown to be worse than the best design (${nameInterval(rule)} of the ` +
      `difference). Interval: ${rule.level} t interval of the mean. ${rule.scope} Mean ± sample standard deviation over the seeds.${more}`,
    ["Standing", "Design", ...settingColumn, "Parameters", "Epochs", `Expected ${measure}, %`, `${rule.level} interval`,
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
    writeRuns(design),
  ];
}
