// The advice in sentences and as a table.

const SPREAD_BESIDE = "pooled with that of the budgets beside it";
const BORROWED = "*";
const LATENCY_EXECUTION =
  "with the members run one after another unless the fastest execution is named";
const MAX_SHOWN = 9;

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
  const { noun, plural } = model.quality;
  const where = kept ? `${are} counted in every ${noun}` : `${are} left out of ${plural}`;
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
  const { best, recommended } = advice;
  const otherTimes = describeOtherTimes(advice);
  if (best === null || recommended === null) return [...otherTimes, ...collapse];
  const { rule } = model.content;
  const { quality } = model;
  return [
    `Based on ${countOf(recommended.candidate.design.numRuns, "run")} of this design ` +
      `(${countOf(recommended.numSeeds, "seed")}). Designs considered: ${advice.numDesigns} ` +
      `(${countOf(advice.numRuns, "run")}); within the limits: ${advice.numFeasible}.`,
    describeError(rule, quality, recommended),
    ...describeCascade(recommended),
    ...describeMargin(quality, advice, best),
    describeNearest(rule, quality, advice, best, recommended),
    ...lackingSeeds(rule, advice.rivals, best),
    rule.scope,
    ...otherTimes,
    ...collapse,
    ...describeCheapest(model, advice, recommended, limits),
    ...caveatsOf(model, advice, recommended, limits),
    ...measuringConditions(advice, recommended, limits),
  ];
}

/** The mean of a design by the metric, with its interval and where its spread is from.
 * @param {Rule} rule @param {Quality} quality @param {Reading} reading */
function describeError(rule, quality, { candidate, loss, interval, numSeeds }) {
  const name = nameOn(quality, candidate.design.measure);
  const text = `Its mean ${name} is ${writeValue(quality, loss)}`;
  if (interval === null) {
    const lone = "it has one seed, and none of the budgets beside it has more";
    return `${text}, without an interval: ${numSeeds === 1 ? lone : "no seed varies"}.`;
  }
  const bounds = `${writeBounds(quality, interval)} ${quality.symbol}`;
  const pooled = interval.isBorrowed
    ? `; ${countOf(numSeeds, "seed")} of its own say too little of the spread, which is ` +
      SPREAD_BESIDE
    : "";
  return `${text} (${rule.level} t interval ${bounds}${pooled}).`;
}

/** What a cascade is, what its error is of, and how many members it asks.
 * @param {Reading} reading @returns {string[]} */
function describeCascade({ candidate }) {
  const { cascade, k, measure } = candidate.design;
  if (!cascade) return [];
  const score = {
    confidence: "the largest of their mean probabilities",
    margin: "the margin of their largest mean probability to the second",
  }[cascade.rule];
  const images = cascade.ofFolds
    ? `on other folds of the ${measure.replace(/ error$/, "")} images than those it is read on`
    : "on held-out validation images";
  return [
    `A cascade asks its members in turn until ${score} reaches a threshold, which was chosen ` +
      `${images}; its error is that of the cascade. It asks ${cascade.meanMembers.toFixed(2)} of ` +
      `${k} members on average, and ${cascade.membersP99} are enough for 99 % of the images. The ` +
      `error of all ${k} together is ${cascade.wholeError.toFixed(2)} %.`,
  ];
}

/** Where the time of a cascade is from, and that of 99 % of the images.
 * @param {Candidate} candidate @param {Limits} limits @returns {string[]} */
function describeCascadeTime({ design, cost }, limits) {
  if (!cost || cost.latency === null) return [];
  const told = [];
  if (design.cascade) {
    const how = cost.isCascadeMeasured
      ? "measured on real images"
      : "that of all its members by the share of them that it asks";
    told.push(`The time of the cascade is ${how}.`);
  }
  if (limits.latency_p99_ms !== undefined && cost.seconds !== null) {
    told.push(
      "The time of 99 % of the images is that of the members that they ask, without what else " +
        "delays a call.",
    );
  }
  return told;
}

/** Why the spread of the losses of images is not known. @param {Reading} best */
const whyNoSpread = (best) =>
  best.candidate.design.cascade ? "that of a cascade is not known" : "no predictions were kept";

/** Where the margin is from, where it counts.
 * @param {Quality} quality @param {Advice} advice @param {Reading} best @returns {string[]} */
function describeMargin(quality, advice, best) {
  const { shortList, rivals } = advice;
  if (shortList === null || !rivals.length || shortList.isGiven) return [];
  const { numImages, measure, lossSpread } = best.candidate.design;
  const images = `${formatCount(numImages)} ${measure.replace(/ error$/, "")} images`;
  const most = writeMargin(quality, quality.largestMargin);
  const spread =
    lossSpread === null
      ? `is taken to be their mean, since ${whyNoSpread(best)}`
      : `is ${formatDigits(lossSpread, 2)} times their mean in kept predictions`;
  const how =
    quality.largest === null
      ? `(the standard deviation of their losses ${spread}), at most ${most}`
      : `at this ${quality.noun}, at least one image and at most ${most}`;
  return [
    `The margin of ${writeMargin(quality, shortList.margin)} is the standard error of ${images} ` +
      `${how}; --margin sets another.`,
  ];
}

/** The comparison with the design that is nearest to the answer.
 * @param {Rule} rule @param {Quality} quality @param {Advice} advice @param {Reading} best
 * @param {Reading} recommended */
function describeNearest(rule, quality, advice, best, recommended) {
  if (advice.runnerUp === null)
    return "No other design meets the limits, so there is no comparison.";
  const chosen = advice.rivals.find(({ reading }) => reading === recommended);
  if (chosen === undefined) return `Runner-up: ${describeRival(rule, quality, advice.runnerUp)}.`;
  return (
    `The ${bestEnd(quality)} mean ${quality.noun}, ${writeValue(quality, best.loss)}, is that of ` +
    `${labelReading(best)}. To build is ${describeRival(rule, quality, chosen)}.`
  );
}

/** @param {Model} model @param {Advice} advice @param {Reading} recommended @param {Limits} limits
 * @returns {string[]} */
function describeCheapest(model, advice, recommended, limits) {
  const wanted = limits.accuracy_percent;
  const acceptable =
    wanted === undefined ? "within the margin" : `of ${wanted} % accuracy and more`;
  return advice.cheapest.flatMap(([name, reading]) => {
    const value = amountUsed(model, reading, name);
    const isListed =
      name === "fastest_latency_ms" && value === amountUsed(model, reading, "latency_ms");
    if (reading === recommended || value === null || isListed) return [];
    return [
      `Lowest ${LIMIT_NOUNS[name]} of the designs ${acceptable}: ${labelReading(reading)}, ` +
        `${formatAmount(name, value)}, ${model.quality.noun} ` +
        `${writeValue(model.quality, reading.loss)}.`,
    ];
  });
}

/** @param {Model} model @param {Advice} advice @param {Reading} chosen @param {Limits} limits
 * @returns {string[]} */
function caveatsOf(model, advice, chosen, limits) {
  const { design } = chosen.candidate;
  const { epochs } = design;
  const { quality } = model;
  const [epoch, last] = [epochs[chosen.row], epochs[epochs.length - 1]];
  const caveats = [];
  if (epoch < last) {
    caveats.push(
      `The ${quality.noun} is that after epoch ${epoch} of ${last}. The learning rate follows the ` +
        `schedule of the whole run; a run with epochs=${epoch} follows another schedule.`,
    );
  }
  const wanted = limits.accuracy_percent;
  const interval = intervalAt(finiteErrors, model, design, chosen.row, 100);
  const own = interval?.isBorrowed ? null : interval;
  if (wanted !== undefined && (own?.upper ?? NO_LIMIT) > 100 - wanted) {
    caveats.push(
      `The mean reaches ${wanted} % accuracy, but the interval over the seeds does not confirm it.`,
    );
  }
  if (advice.atEdge) {
    caveats.push(
      `The design with the ${bestEnd(quality)} mean ${quality.noun} has the largest measured ` +
        "budget; larger ones may or may not be better.",
    );
  }
  return caveats;
}

/** @param {Advice} advice @param {Reading} chosen @param {Limits} limits @returns {string[]} */
function measuringConditions(advice, chosen, limits) {
  const { cost, hasOtherTimes } = chosen.candidate;
  const unmeasured = hasOtherTimes
    ? "Its times do not compare with those of the other designs."
    : "Its time and memory were not measured on this device.";
  const conditions = [cost === null ? unmeasured : `Times were measured on ${cost.condition}.`];
  if (cost?.seconds === null) conditions.push("Training was not timed there.");
  conditions.push(...describeCascadeTime(chosen.candidate, limits));
  const sizes = advice.latencyBatchSizes.join(", ");
  if (advice.latencyBatchSizes.length === 1) {
    conditions.push(`Inference times are for batch size ${sizes}, ${LATENCY_EXECUTION}.`);
  } else if (sizes) {
    conditions.push(
      `Inference times are for different batch sizes (${sizes}) and cannot be compared; they ` +
        `were measured ${LATENCY_EXECUTION}.`,
    );
  }
  if (cost?.memoryKind === "process resident") {
    conditions.push(
      "Memory is that of the whole process, including the interpreter and libraries.",
    );
  }
  return conditions;
}

/** What the interval of a difference is called, with its confidence. @param {Rule} rule */
const nameInterval = (rule) => `${rule.level} ${rule.intervalNoun}`;

/** @param {Rule} rule @param {Quality} quality @param {Rival} rival */
function describeRival(rule, quality, rival) {
  const { noun, plural } = quality;
  if (rival.difference === null) {
    const name = labelReading(rival.reading);
    return `${name}; it shares no seed with the best design, so their ${plural} cannot be paired`;
  }
  const { numRivalSeeds, numBestSeeds } = rival;
  let interval = "no interval";
  if (rival.interval !== null) {
    const bounds = shownBounds(quality, rival.interval, shownDifference);
    const [lower, upper] = bounds.map((bound) => writeSigned(quality, bound));
    interval = `${nameInterval(rule)} ${lower} to ${upper}`;
  } else if (Math.min(numRivalSeeds, numBestSeeds) >= rule.minSeeds) {
    interval = `no interval, since ${quality.whyNoInterval}`;
  }
  const seeds =
    rule.method === "paired_t"
      ? countOf(numRivalSeeds, "paired seed")
      : `${numRivalSeeds} against ${countOf(numBestSeeds, "seed")}`;
  const difference = writeSigned(quality, shownDifference(quality, rival.difference));
  const points = `${difference} ${quality.ofDifference}, ${interval}`;
  return `${labelReading(rival.reading)}; its ${noun} minus the best design's is ${points} (${seeds})`;
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

/** The designs that count, each with its standing: what to build, as good, rivals, worse.
 * @param {Advice} advice @returns {[string, Reading][]} */
function rankRows({ best, recommended, shortList, rivals, runnerUp }) {
  const listed = shortList?.readings ?? [];
  /** @type {[string, Reading][]} */
  const rows = listed.map((reading) => [
    reading === best ? "best" : reading === recommended ? "build" : "as good",
    reading,
  ]);
  for (const { reading } of rivals) if (!listed.includes(reading)) rows.push(["rival", reading]);
  if (!rivals.length && runnerUp) rows.push(["worse", runnerUp.reading]);
  return rows;
}

/** A table of what to build, the best design and its rivals.
 * @param {Model} model @param {Advice} advice */
function tabulateAdvice(model, advice) {
  if (advice.best === null || advice.shortList === null) return "";
  const { rule } = model.content;
  const { quality } = model;
  const measure = nameOn(quality, advice.best.candidate.design.measure);
  const ranked = rankRows(advice);
  const shown = ranked.slice(0, MAX_SHOWN);
  const settings = shown.map(([, reading]) => settingOf(reading));
  const settingColumn = distinct(settings).length > 1 ? ["Setting"] : [];
  const rows = shown.map(([standing, reading]) => [
    standing,
    ...cellsOf(model, reading, settingColumn.length > 0),
  ]);
  const left = ranked.length - shown.length;
  const pooled = shown.some(([, reading]) => reading.interval?.isBorrowed)
    ? ` ${BORROWED} Few seeds: the spread is ${SPREAD_BESIDE}.`
    : "";
  const more = pooled + (left > 0 ? ` ${left} more rivals are not listed.` : "");
  return makeTable(
    `As good: within ${writeMargin(quality, advice.shortList.margin)} of the ${bestEnd(quality)} ` +
      `mean ${quality.noun}. Rivals ` +
      "are further off, but not shown to be worse than the best design " +
      `(${nameInterval(rule)} of the difference). Interval: ${rule.level} t interval of the ` +
      `mean. ${rule.scope} Mean ± sample standard deviation over the seeds.${more}`,
    ["Standing", "Design", ...settingColumn, "Parameters", "Epochs", `Expected ${measure}, ${quality.symbol}`, `${rule.level} interval`,
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
  const seconds = cost?.seconds == null ? null : model.floats[cost.seconds + reading.row];
  const std = cost?.secondsStd == null ? null : model.floats[cost.secondsStd + reading.row];
  return [
    labelDesign(design),
    ...(withSetting ? [settingOf(reading)] : []),
    formatCount(design.parameters),
    String(design.epochs[reading.row]),
    writeNumber(model.quality, reading.loss),
    reading.interval === null
      ? ABSENT
      : writeBounds(model.quality, reading.interval) +
        (reading.interval.isBorrowed ? BORROWED : ""),
    formatSpread(seconds, std, 3),
    formatSpread(cost?.latency ?? null, cost?.latencyStd ?? null, 3),
    formatSpread(cost?.fastest ?? null, cost?.fastestStd ?? null, 3),
    cost?.memory == null ? ABSENT : formatAmount("memory_bytes", cost.memory),
    writeRuns(design),
  ];
}
