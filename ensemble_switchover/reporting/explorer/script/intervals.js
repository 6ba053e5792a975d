// Intervals of means and of differences, as in ensemble_switchover/analysis/difference.py; a test
// compares both. All quantiles and critical values come with the content of the page.

const ROUNDING = 1e-5; // percentage points or nats; curves have 24 bits, so closer errors count as equal

/** @param {number[]} values */
function meanOf(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation; null for a single value. @param {number[]} values */
function stdOf(values) {
  if (values.length < 2) return null;
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Sample variance, 0 if the values differ by rounding alone. @param {number[]} values */
function varianceOf(values) {
  const std = stdOf(values) ?? NaN;
  return std <= ROUNDING ? 0 : std ** 2;
}

/** Half-width of a t interval in standard errors, by linear interpolation in the table.
 * @param {Rule} rule @param {number} reciprocal of the degrees of freedom, 0 to 1 */
function tQuantile(rule, reciprocal) {
  const table = rule.tQuantiles;
  const place = Math.min(Math.max(reciprocal, 0), 1) * (table.length - 1);
  const below = Math.min(Math.floor(place), table.length - 2);
  return table[below] + (place - below) * (table[below + 1] - table[below]);
}

/** The t interval of a mean; null if the values have no spread.
 * @param {Rule} rule @param {number[]} values @returns {Interval | null} */
function tInterval(rule, values) {
  const variance = varianceOf(values);
  if (!(variance > 0)) return null;
  const half = tQuantile(rule, 1 / (values.length - 1)) * Math.sqrt(variance / values.length);
  const mean = meanOf(values);
  return { mean, lower: mean - half, upper: mean + half };
}

/** How fast the scale of an interval rises at a mean: log odds up to the largest value, logarithms
 * where there is none; null at the ends.
 * @param {number} mean @param {number | null} largest */
function slopeAt(mean, largest) {
  if (!(mean > 0)) return null;
  if (largest === null) return 1 / mean;
  const share = mean / largest;
  return share < 1 ? 1 / (largest * share * (1 - share)) : null;
}

/** The spread of errors or losses on that scale: the sum of squares and its degrees of freedom; null
 * for a single one, or where their mean is at an end.
 * @param {number[]} errors @param {number | null} largest
 * @returns {{ squares: number, degrees: number } | null} */
function spreadOf(errors, largest) {
  const slope = slopeAt(meanOf(errors), largest);
  if (errors.length < 2 || slope === null) return null;
  const degrees = errors.length - 1;
  return { squares: degrees * varianceOf(errors) * slope ** 2, degrees };
}

/** The interval of a mean error or loss, which lies within its possible values: a t interval of the
 * log odds, or of the logarithm. Few seeds, or equal ones, pool their spread with that of those
 * beside them.
 * @param {Rule} rule @param {number[]} errors @param {number[][]} beside
 * @param {number | null} largest possible value; null if there is none
 * @returns {ErrorInterval | null} */
function errorInterval(rule, errors, beside, largest) {
  const mean = meanOf(errors);
  if (slopeAt(mean, largest) === null) return null;
  const own = spreadOf(errors, largest);
  const enough = errors.length >= rule.minSeeds && own !== null && own.squares > 0;
  const others = enough ? [] : beside.flatMap((values) => spreadOf(values, largest) ?? []);
  const spreads = own === null ? others : [own, ...others];
  const degrees = spreads.reduce((sum, spread) => sum + spread.degrees, 0);
  const squares = spreads.reduce((sum, spread) => sum + spread.squares, 0);
  if (!(squares > 0)) return null;
  const half = tQuantile(rule, 1 / degrees) * Math.sqrt(squares / degrees / errors.length);
  const centre = largest === null ? Math.log(mean) : Math.log(mean / (largest - mean));
  const back = (/** @type {number} */ place) =>
    largest === null ? Math.exp(place) : largest / (1 + Math.exp(-place));
  const [lower, upper] = [-half, half].map((step) => back(centre + step));
  return { mean, lower, upper, isBorrowed: others.length > 0 };
}

/** First minus second design's error: the difference with its interval, and the numbers of seeds.
 * @param {Rule} rule @param {Map<number, number>} first seed -> error in percent
 * @param {Map<number, number>} second @returns {Difference} */
function compareErrors(rule, first, second) {
  if (rule.method === "paired_t") {
    const shared = [...first].flatMap(([seed, error]) => {
      const other = second.get(seed);
      return other === undefined ? [] : [error - other];
    });
    const enough = shared.length >= rule.minSeeds;
    return {
      mean: shared.length ? meanOf(shared) : null,
      interval: enough ? tInterval(rule, shared) : null,
      numFirst: shared.length,
      numSecond: shared.length,
    };
  }
  const [one, other] = [[...first.values()], [...second.values()]];
  const enough = Math.min(one.length, other.length) >= rule.minSeeds;
  const intervalOf = rule.method === "welch" ? welchInterval : rankInterval;
  return {
    mean: meanOf(one) - meanOf(other),
    interval: enough ? intervalOf(rule, one, other) : null,
    numFirst: one.length,
    numSecond: other.length,
  };
}

/** Welch's interval; null if neither sample has any spread.
 * @param {Rule} rule @param {number[]} first @param {number[]} second @returns {Interval | null} */
function welchInterval(rule, first, second) {
  const one = varianceOf(first) / first.length;
  const other = varianceOf(second) / second.length;
  if (!(one + other > 0)) return null;
  const reciprocal =
    (one ** 2 / (first.length - 1) + other ** 2 / (second.length - 1)) / (one + other) ** 2;
  const half = tQuantile(rule, reciprocal) * Math.sqrt(one + other);
  const mean = meanOf(first) - meanOf(second);
  return { mean, lower: mean - half, upper: mean + half };
}

/** The interval of Hodges and Lehmann: order statistics of all differences between the samples,
 * found by the exact test of Mann and Whitney; null if no rank is critical, or without spread.
 * @param {Rule} rule @param {number[]} first @param {number[]} second @returns {Interval | null} */
function rankInterval(rule, first, second) {
  const rank = rule.criticalRanks[first.length]?.[second.length] ?? null;
  const differences = first.flatMap((one) => second.map((other) => one - other));
  differences.sort((one, other) => one - other);
  const last = differences.length - 1;
  if (rank === null || differences[last] - differences[0] <= ROUNDING) return null;
  const mean = meanOf(first) - meanOf(second);
  return { mean, lower: differences[rank], upper: differences[last - rank] };
}
