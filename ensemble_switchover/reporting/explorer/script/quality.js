// The metric by which designs are compared. Inside, all of them are losses, of which less is better;
// what is shown is turned back, as in ensemble_switchover/results/quality_metrics.py.

/** The value of a loss, for people. @param {Quality} quality @param {number} loss */
function shownValue({ lowerIsBetter, largest }, loss) {
  return lowerIsBetter ? loss : (largest ?? 0) - loss;
}

/** The difference of two values, from that of their losses.
 * @param {Quality} quality @param {number} difference */
function shownDifference({ lowerIsBetter }, difference) {
  return lowerIsBetter ? difference : 0 - difference;
}

/** Bounds of a value or of a difference, ascending. @param {Quality} quality
 * @param {Interval} interval @param {(quality: Quality, value: number) => number} shown
 * @returns {[number, number]} */
function shownBounds(quality, { lower, upper }, shown) {
  const [one, other] = [shown(quality, lower), shown(quality, upper)];
  return quality.lowerIsBetter ? [one, other] : [other, one];
}

/** The value of a loss without its unit. @param {Quality} quality @param {number} loss */
function writeNumber(quality, loss) {
  return shownValue(quality, loss).toFixed(quality.decimals);
}

/** The value of a loss with its unit. @param {Quality} quality @param {number} loss */
const writeValue = (quality, loss) => `${writeNumber(quality, loss)} ${quality.symbol}`;

/** @param {Quality} quality @param {Interval} interval */
function writeBounds(quality, interval) {
  const [lower, upper] = shownBounds(quality, interval, shownValue);
  return `${lower.toFixed(quality.decimals)} to ${upper.toFixed(quality.decimals)}`;
}

/** A difference with its sign. @param {Quality} quality @param {number} shown */
function writeSigned({ decimals }, shown) {
  return `${shown < 0 ? "" : "+"}${shown.toFixed(decimals)}`;
}

/** A margin with its unit. @param {Quality} quality @param {number} margin */
function writeMargin({ ofDifference }, margin) {
  const number = formatDigits(margin, 2);
  return `${number} ${number === "1" ? ofDifference.replace(/s$/, "") : ofDifference}`;
}

/** @param {Quality} quality */
const bestEnd = ({ lowerIsBetter }) => (lowerIsBetter ? "lowest" : "highest");

/** @param {Quality} quality */
const worseWay = ({ lowerIsBetter }) => (lowerIsBetter ? "higher" : "lower");

/** The name of a metric on the images that an error was measured on.
 * @param {Quality} quality @param {string} measure such as `test error` */
function nameOn({ template }, measure) {
  return template.replace("{}", measure.replace(/ error$/, ""));
}

/** A name with a capital letter. @param {string} name */
const capitalised = (name) => name.charAt(0).toUpperCase() + name.slice(1);
