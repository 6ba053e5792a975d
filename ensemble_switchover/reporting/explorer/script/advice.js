// The advice in words: what to build, how sure that is, or what is in the way.

/** @type {Record<LimitName, string>} */
const LIMIT_WORDS = {
  parameters: "parameters",
  epochs: "epochs",
  hours: "training time",
  memory_bytes: "memory",
  latency_ms: "inference time",
  fastest_latency_ms: "inference time by the fastest execution",
  accuracy_percent: "accuracy",
};
/** @type {LimitName[]} */
const PLURAL = ["parameters", "epochs"];
const EXECUTIONS = "members one after another, unless the fastest execution is named";
const MAX_RIVALS_SHOWN = 8;

/** @param {number} number @param {string} noun */
function countOf(number, noun) {
  return `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** @param {number} number */
const wereOf = (number) => (number === 1 ? "was" : "were");

/** @param {Design} design */
function labelDesign(design) {
  const members = design.k === 1 ? "" : `, k = ${design.k}`;
  return `${design.designClass}${members}, depth ${design.depth}, width ${design.width}`;
}

/** @param {Fit} fit */
function labelFit(fit) {
  const { design } = fit.candidate;
  return `${labelDesign(design)} (${design.setting}), ${countOf(design.epochs[fit.row], "epoch")}`;
}

/** The answer in one sentence. @param {Advice} advice @param {Limits} limits */
function headlineOf(advice, limits) {
  if (advice.answer === "outside") {
    const reasons = advice.outside.map(describeOutside).join("; ");
    const why = reasons || "no run has an error that is a number";
    return `Outside what was measured: ${why}. Nothing is extrapolated.`;
  }
  if (advice.best === null) {
    const ways = advice.bindings.map((binding) => describeBinding(binding, limits));
    const tried = countOf(advice.numDesigns, "design");
    const were = wereOf(advice.numDesigns);
    return `No design fits, of ${tried} that ${were} measured. ${ways.join(" Or: ")}`;
  }
  if (advice.answer === "decided") return `Build ${labelFit(advice.best)}.`;
  const number = advice.rivals.length;
  const others = number === 1 ? "1 other design is" : `${number} others are`;
  const { designClass, k } = advice.best.candidate.design;
  const members = k === 1 ? "" : ` of ${k} members`;
  const decided = advice.classDecided
    ? ` The class is decided: all of them are ${designClass}${members}.`
    : "";
  return (
    `Undecided: ${labelFit(advice.best)}, has the lowest mean error, ` +
    `but ${others} not shown to be worse.${decided}`
  );
}

/** @param {Outside} outside */
function describeOutside(outside) {
  if (outside.measured === null) {
    return `${LIMIT_WORDS[outside.limit]} was asked for, but was not measured on this device`;
  }
  const asked = formatAmount(outside.limit, outside.asked);
  return `${asked} asked for, at most ${formatAmount(outside.limit, outside.measured)} measured`;
}

/** @param {Binding} binding @param {Limits} limits */
function describeBinding(binding, limits) {
  const names = binding.limits.map((name) => LIMIT_WORDS[name]).join(" and ");
  const amounts = binding.limits.map((name, i) => {
    const asked = formatAmount(name, /** @type {number} */ (limits[name]));
    return `${formatAmount(name, loosen(name, binding.needed[i]))} in place of ${asked}`;
  });
  const alone = PLURAL.includes(binding.limits[0]) ? "are" : "is";
  const verb = binding.limits.length === 1 ? alone : "together are";
  const design = labelFit(binding.fit);
  return `The ${names} ${verb} in the way: ${amounts.join(" and ")} would do, for ${design}.`;
}

/** What else a reader has to know. @param {Model} model @param {Advice} advice
 * @param {Limits} limits @returns {string[]} */
function remarksOf(model, advice, limits) {
  const { best } = advice;
  if (best === null) return [];
  const { design, cost } = best.candidate;
  const remarks = [
    `Known from ${countOf(design.numRuns, "run")} of it (${countOf(best.numSeeds, "seed")}); ` +
      `${countOf(advice.numDesigns, "design")} of ${countOf(advice.numRuns, "run")} ` +
      `${wereOf(advice.numDesigns)} considered; ` +
      `${advice.numFitting} of them ${advice.numFitting === 1 ? "fits" : "fit"}.`,
  ];
  if (best.numSeeds === 1) {
    const decides = advice.rivals.length ? ", and so decides nothing" : "";
    remarks.push(`One seed gives no interval${decides}.`);
  }
  remarks.push(
    advice.runnerUp
      ? `Runner-up: ${describeRival(advice.runnerUp)}.`
      : "No other design fits, so there is none to be better than.",
  );
  for (const [name, fit] of advice.cheapest) {
    const value = takenOf(model, fit, name);
    const isTold = name === "fastest_latency_ms" && value === takenOf(model, fit, "latency_ms");
    if (fit !== best && value !== null && !isTold) {
      remarks.push(
        `Least ${LIMIT_WORDS[name]} of those that will do: ${labelFit(fit)}, ` +
          `${formatAmount(name, value)}, error ${fit.error.toFixed(2)} %.`,
      );
    }
  }
  const epoch = design.epochs[best.row];
  const last = design.epochs[design.epochs.length - 1];
  if (epoch < last) {
    remarks.push(
      `Read after epoch ${epoch} of runs of ${last}, whose learning rate follows the whole run; ` +
        `a run of epochs=${epoch} in total has a schedule of its own.`,
    );
  }
  const wanted = limits.accuracy_percent;
  if (wanted !== undefined && (best.interval?.upper ?? NO_LIMIT) > 100 - wanted) {
    remarks.push(`The mean reaches ${wanted} % accuracy, but the seeds do not show it.`);
  }
  if (advice.atEdge) {
    remarks.push(
      "It is of the largest budget that was measured: larger ones may be better, or not.",
    );
  }
  remarks.push(
    cost === null
      ? "What it takes was not measured on this device."
      : `Times are of ${cost.condition}.`,
  );
  const sizes = advice.latencyBatchSizes.join(", ");
  if (advice.latencyBatchSizes.length === 1) {
    remarks.push(`Inference times are of batch size ${sizes}; ${EXECUTIONS}.`);
  } else if (sizes) {
    remarks.push(
      `Inference times are of batch sizes ${sizes}, which do not compare; ${EXECUTIONS}.`,
    );
  }
  if (cost?.memoryKind === "process resident") {
    remarks.push("Memory is that of the whole process, interpreter and libraries too.");
  }
  return remarks;
}

/** @param {Rival} rival */
function describeRival(rival) {
  if (rival.difference === null) {
    return `${labelFit(rival.fit)}; they share no seed, so nothing can be paired`;
  }
  const { lower, upper } = rival.interval ?? {};
  const interval =
    lower === undefined || upper === undefined
      ? "no interval"
      : `95 % t interval ${formatSigned(lower)} to ${formatSigned(upper)}`;
  const pairs = countOf(rival.numPairs, "pair");
  return `${labelFit(rival.fit)}: ${formatSigned(rival.difference)} points, ${interval} (${pairs})`;
}

/** The best design and its rivals, as a table. @param {Model} model @param {Advice} advice */
function tabulateAdvice(model, advice) {
  if (advice.best === null) return "";
  const measure = advice.best.candidate.design.measure;
  const shown = advice.rivals.slice(0, MAX_RIVALS_SHOWN);
  if (!shown.length && advice.runnerUp) shown.push(advice.runnerUp);
  const settings = [advice.best, ...shown.map((rival) => rival.fit)].map(settingOf);
  const settingColumn = distinct(settings).length > 1 ? ["Setting"] : [];
  const cells = (/** @type {Fit} */ fit) => cellsOf(model, fit, settingColumn.length > 0);
  const rows = [
    ["best", ...cells(advice.best)],
    ...shown.map((rival) => [rival.isWorse ? "worse" : "rival", ...cells(rival.fit)]),
  ];
  const left = advice.rivals.length - shown.length;
  const more = left > 0 ? ` ${left} more are not listed.` : "";
  return makeTable(
    `The best design; rivals are not shown to be worse. Mean ± standard deviation.${more}`,
    ["Standing", "Design", ...settingColumn, "Parameters", "Epochs", `Expected ${measure}, %`, "95 % interval",
     "Training, s", "Per image, ms", "Fastest, ms", "Peak memory", "Runs"], // prettier-ignore
    rows,
    2 + settingColumn.length,
  );
}

/** @param {Fit} fit */
const settingOf = (fit) => fit.candidate.design.setting;

/** @param {Model} model @param {Fit} fit @param {boolean} withSetting @returns {string[]} */
function cellsOf(model, fit, withSetting) {
  const { design, cost } = fit.candidate;
  const seconds = cost && model.floats[cost.seconds + fit.row];
  const std = cost?.secondsStd == null ? null : model.floats[cost.secondsStd + fit.row];
  return [
    labelDesign(design),
    ...(withSetting ? [settingOf(fit)] : []),
    formatCount(design.parameters),
    String(design.epochs[fit.row]),
    fit.error.toFixed(2),
    formatInterval(fit.interval),
    formatSpread(seconds, std, 3),
    formatSpread(cost?.latency ?? null, cost?.latencyStd ?? null, 3),
    formatSpread(cost?.fastest ?? null, cost?.fastestStd ?? null, 3),
    cost?.memory == null ? ABSENT : formatAmount("memory_bytes", cost.memory),
    String(design.numRuns),
  ];
}
