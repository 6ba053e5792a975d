// The controls: each offers the options that the controls before it leave.

/** @param {string} name @param {[string, string][]} options */
function choose(name, options) {
  state[name] = fillSelect(byId(name), options, state[name] ?? "");
  return state[name];
}

/** @param {string[]} values @returns {[string, string][]} */
const plainOptions = (values) => values.map((value) => [value, value]);

/** Fill the filters from left to right, and return the chosen comparison. */
function chooseComparison() {
  const { comparisons } = model.content;
  const data = choose("data", plainOptions(distinct(comparisons.map((c) => c.data))));
  const ofData = comparisons.filter((c) => c.data === data);
  const family = choose("family", plainOptions(distinct(ofData.map((c) => c.family))));
  const ofFamily = ofData.filter((c) => c.family === family);
  const ks = distinct(ofFamily.map((c) => String(c.k)));
  const k = choose("k", plainOptions(ks));
  const ofK = ofFamily.filter((c) => String(c.k) === k);
  const label = choose("setting", plainOptions(ofK.map((c) => c.label)));
  byId("setting-field").hidden = ofK.length < 2;
  return /** @type {Comparison} */ (ofK.find((c) => c.label === label));
}

/** Choose by what designs are compared, and return what the comparison answers by it.
 * @param {Comparison} comparison @returns {Comparison} */
function chooseQuality(comparison) {
  const { qualities } = model.content;
  const name = choose(
    "compare",
    qualities.map((quality) => [quality.name, quality.noun]),
  );
  byId("compare-field").hidden = qualities.length < 2;
  model.quality = /** @type {Quality} */ (qualities.find((quality) => quality.name === name));
  byId("rule-text").textContent = model.quality.ruleText;
  return { ...comparison, ...comparison.byMetric[name] };
}

/** @param {Comparison} comparison */
function chooseMap(comparison) {
  /** @type {[string, string][]} */
  const options = comparison.maps.map(({ confidence }) => [
    String(confidence),
    confidence === null
      ? "means alone"
      : `${formatDigits(100 * confidence, 6)} % ${model.content.rule.intervalNoun}`,
  ]);
  const rule = choose("rule", options);
  return comparison.maps.find(({ confidence }) => String(confidence) === rule);
}

/** @param {Comparison} comparison @returns {[number, number]} indices of budget and epoch */
function chooseCell(comparison) {
  const { budgets, epochs } = comparison;
  state.budget ??= String(budgets.length - 1);
  state.epoch ??= String(epochs[epochs.length - 1]);
  if (!epochs.includes(Number(state.epoch))) state.epoch = String(epochs[epochs.length - 1]);
  if (Number(state.budget) >= budgets.length) state.budget = String(budgets.length - 1);
  choose(
    "budget",
    budgets.map(([parameters, depth, width], i) => [
      String(i),
      `${formatCount(parameters)} (depth ${depth}, width ${width})`,
    ]),
  );
  choose("epoch", plainOptions(epochs.map(String)));
  return [Number(state.budget), epochs.indexOf(Number(state.epoch))];
}

/** The rows of a comparison under the chosen condition. @param {Comparison} comparison */
function chooseRows(comparison) {
  const rows = model.content.rows.filter(
    (row) =>
      row.setting === comparison.setting &&
      (row.designClass === "single" ||
        (row.k === comparison.k && row.source === comparison.source)),
  );
  const conditions = distinct(rows.map((row) => row.condition));
  const seeds = (/** @type {string} */ condition) =>
    rows.reduce((sum, row) => sum + (row.condition === condition ? row.numSeeds : 0), 0);
  conditions.sort((one, other) => seeds(other) - seeds(one));
  const condition = choose("condition", plainOptions(conditions));
  return rows.filter((row) => row.condition === condition);
}
