// The answer of the advice: what to build, and what to keep in mind. The words are those of
// ensemble_switchover/analysis/advice/headline.py; a test compares both.

/** @type {Record<LimitName, string>} */
const LIMIT_NOUNS = {
  parameters: "number of parameters",
  epochs: "number of epochs",
  hours: "training time",
  memory_bytes: "memory",
  latency_ms: "inference time",
  latency_p99_ms: "inference time of 99 % of the images",
  fastest_latency_ms: "inference time with the fastest execution",
  accuracy_percent: "accuracy",
};
const MAX_NAMED = 6;

/** @param {number} number @param {string} noun */
function countOf(number, noun) {
  return `${formatCount(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** @param {Design} design */
function labelDesign(design) {
  const members = design.k === 1 ? "" : `, k = ${design.k}`;
  const cascade = design.cascade ? ", cascade" : "";
  return `${design.designClass}${members}, depth ${design.depth}, width ${design.width}${cascade}`;
}

/** @param {Reading} reading */
function labelReading(reading) {
  const { design } = reading.candidate;
  return `${labelDesign(design)} (${design.setting}), ${countOf(design.epochs[reading.row], "epoch")}`;
}

/** What to build and how far that is decided, or what keeps every design out.
 * @param {Quality} quality @param {Advice} advice @param {Limits} limits */
function headlineOf(quality, advice, limits) {
  if (advice.answer === "outside")
    return `There is no design to build: no run has a finite ${quality.noun}.`;
  if (advice.best === null) {
    const options = advice.bindings.map((binding) => describeBindingLimits(binding, limits));
    const measured =
      advice.numDesigns === 1
        ? "The only measured design does not meet"
        : `None of the ${advice.numDesigns} measured designs meets`;
    return `${measured} the limits${describeLimitsBeyond(advice)}. ${options.join(" Or: ")}`;
  }
  return advice.rivals.length
    ? describeUndecided(quality, advice)
    : describeDecided(quality, advice);
}

/** The limits beyond what was measured, or that could not be checked. @param {Advice} advice */
function describeLimitsBeyond(advice) {
  const texts = advice.outside.flatMap(({ limit, asked, measured }) =>
    measured === null
      ? []
      : [
          `${formatAmount(limit, asked)} are allowed, but the most measured is ` +
            formatAmount(limit, measured),
        ],
  );
  if (texts.length) texts.push("nothing is extrapolated");
  for (const { limit, measured } of advice.outside) {
    if (measured !== null) continue;
    texts.push(
      `the limit on the ${LIMIT_NOUNS[limit]} could not be checked, as it was not measured ` +
        "on this device",
    );
  }
  return texts.map((text) => `; ${text}`).join("");
}

/** Say that schedules were shortened, as a clause; null if none was.
 * @param {Reading[]} readings @returns {string | null} */
function describeShortened(readings) {
  const pairs = readings.flatMap(({ candidate }) => candidate.design.shortened);
  if (!pairs.length) return null;
  const span = (/** @type {number[]} */ lengths) =>
    distinct([Math.min(...lengths), Math.max(...lengths)])
      .map(formatCount)
      .join(" to ");
  const trained = pairs.map(([epochs]) => epochs);
  const noun = Math.max(...trained) === 1 ? "epoch" : "epochs";
  const schedules = distinct(pairs.map(String)).length === 1 ? "a schedule" : "schedules";
  const own = span(pairs.map(([, epochs]) => epochs));
  return `after ${schedules} of ${span(trained)} ${noun} in place of the recipe's ${own}`;
}

/** @param {Quality} quality @param {Advice} advice */
function describeDecided({ by }, advice) {
  const best = /** @type {Reading} */ (advice.best);
  const schedule = describeShortened([best]);
  const verb = advice.runnerUp ? `the best${by}` : "known";
  const alone = advice.runnerUp && by ? `, ${verb}` : "";
  const known = schedule === null ? alone : `, ${verb} ${schedule}`;
  return `Build ${labelReading(best)}${known}${describeLimitsBeyond(advice)}.`;
}

/** @param {Quality} quality @param {Advice} advice */
function describeUndecided(quality, advice) {
  const { margin, cost, readings } = /** @type {ShortList} */ (advice.shortList);
  const [first, ...others] = readings;
  const schedule = describeShortened(readings);
  const after = schedule === null ? "" : ` ${schedule}`;
  const beyond = describeLimitsBeyond(advice);
  const rest = advice.rivals.length - others.length;
  const are = rest === 1 ? "is" : "are";
  const { noun, plural } = quality;
  const within = writeMargin(quality, margin);
  let text;
  if (others.length) {
    text =
      `Build ${labelReading(first)}, the cheapest by ${LIMIT_NOUNS[cost]} of ` +
      `${readings.length} designs that will do: their mean ${plural}${after} are within ` +
      `${within} of the ${bestEnd(quality)}${beyond}. The others, cheapest first: ` +
      `${nameBeside(others, first)}. Which of them is best is undecided.`;
    if (rest)
      text += ` ${countOf(rest, "design")} further off ${are} not shown to be worse either.`;
  } else {
    const none = rest === 1 ? `its mean ${noun} is` : `their mean ${plural} are`;
    text =
      `Build ${labelReading(first)}: its mean ${noun}${after} is the ${bestEnd(quality)}, and no ` +
      `other design's is within ${within} of it${beyond}. That it is the best is ` +
      `undecided: ${countOf(rest, "other design")} ${are} not shown to be worse, though ` +
      `${none} ${worseWay(quality)} by more than that.`;
  }
  const { designClass, k } = /** @type {Reading} */ (advice.best).candidate.design;
  const members = k === 1 ? "" : ` with ${k} members`;
  return advice.classDecided
    ? `${text} The class is decided: all are ${designClass}${members}.`
    : text;
}

/** Name designs, each with its setting and epochs where they are not those of the first.
 * @param {Reading[]} readings @param {Reading} first */
function nameBeside(readings, first) {
  const epochOf = (/** @type {Reading} */ { candidate, row }) => candidate.design.epochs[row];
  const names = readings
    .slice(0, MAX_NAMED)
    .map((reading) =>
      settingOf(reading) === settingOf(first) && epochOf(reading) === epochOf(first)
        ? labelDesign(reading.candidate.design)
        : labelReading(reading),
    );
  const more = readings.length - MAX_NAMED;
  return [...names, ...(more > 0 ? [`${more} more`] : [])].join("; ");
}

/** Explain the short names of classes behind their first mention; names of runs are no mentions.
 * @param {Record<string, string>} terms @param {string[]} sentences @returns {string[]} */
function spellOutClasses(terms, sentences) {
  const told = [...sentences];
  for (const [name, meaning] of Object.entries(terms)) {
    const mention = new RegExp(`(?<![\\w./=,-])${name}(?![\\w/-])`);
    const first = told.findIndex((sentence) => mention.test(sentence));
    if (first >= 0) told[first] = told[first].replace(mention, `${name} (${meaning})`);
  }
  return told;
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
