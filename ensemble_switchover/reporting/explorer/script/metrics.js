// Metrics against parameters, and against each other.

/** @param {Comparison} comparison @param {MetricRow[]} rows @param {string} xKey
 * @param {string} yKey @returns {MetricPoint[]} */
function pointsOf(comparison, rows, xKey, yKey) {
  const keys = model.content.metrics.map(([key]) => key);
  [xKey, yKey] = ofCascades([xKey, yKey]);
  return rows.flatMap((row) => {
    const [x] = xKey === "budget" ? row.budget : row.values[keys.indexOf(xKey)];
    const [y, std, numSeeds] = row.values[keys.indexOf(yKey)];
    if (x === null || y === null) return [];
    const design = `${row.designClass}${row.k > 1 ? `, k = ${row.k}` : ""}`;
    const title =
      `${design}, depth ${row.depth}, width ${row.width}\n` +
      `budget ${formatCount(row.budget[0])}, filled ${Math.round(100 * row.fill)} %\n` +
      (xKey === "budget" ? "" : `${labelMetric(comparison, xKey)}: ${formatDigits(x, 4)}\n`) +
      `${labelMetric(comparison, yKey)}: ${formatSpread(y, std)}` +
      ([xKey, yKey].includes("accuracy") ? `\n${describeOwnTarget(row)}` : "") +
      (row.ofTimingPass && isMeasured([xKey, yKey]) ? "\ntimes of a timing pass" : "");
    const budget = row.budget[0];
    return [{ name: row.designClass, x, y, std, numSeeds, budget, front: false, title, row }];
  });
}

/** The time to accuracy by the paper's target. @param {MetricRow} row */
function describeOwnTarget({ ownTarget: [mean, std, reached, compared] }) {
  const time = mean === null ? "" : `${formatSpread(mean, std)} s`;
  return `to the own seed's target: ${time || `${reached} of ${countOf(compared, "seed")}`}`;
}

const COSTS = ["epoch", "training", "accuracy", "latency", "fastest", "cascade", "memory", "layer"];

/** The metrics of a picture; beside the time of cascades, errors are theirs.
 * @param {string[]} keys @returns {string[]} */
const ofCascades = (keys) =>
  keys.includes("cascade") ? keys.map((key) => (key === "error" ? "cascadeError" : key)) : keys;

/** Whether any of some metrics is of times or memory. @param {string[]} keys */
const isMeasured = (keys) => keys.some((key) => COSTS.includes(key));

/** The name of a metric; errors are named after the images on which they were measured.
 * @param {Comparison} comparison @param {string} key @param {string} name */
function nameMetric(comparison, key, name) {
  if (key === "cascadeError") return `${comparison.measure}, cascade`;
  return key === "error" ? comparison.measure : name;
}

/** @param {Comparison} comparison @param {string} key */
function labelMetric(comparison, key) {
  const [, plain, unit] = /** @type {[string, string, string]} */ (
    model.content.metrics.find(([other]) => other === key)
  );
  const name = nameMetric(comparison, key, plain);
  return unit ? `${name}, ${unit}` : name;
}

/** @param {HTMLElement} element */
const widthOf = (element) => Math.max(280, Math.floor(element.clientWidth));

/** @param {Comparison} comparison @param {MetricRow[]} rows @param {[number, number]} cell */
function renderMetric(comparison, rows, cell) {
  const container = byId("metric-picture");
  const budget = comparison.budgets[cell[0]][0];
  const inputs = [comparison.label, state.condition, state.metric, budget];
  redraw("metric", container, inputs, () => {
    const points = pointsOf(comparison, rows, "budget", state.metric);
    const label = labelMetric(comparison, state.metric);
    const chart = drawMetric(points, label, widthOf(container), budget);
    show(container, chart, `${label} against the budget in parameters, by design class.`);
    chart.addEventListener("click", (/** @type {MouseEvent} */ event) =>
      chooseBudget(comparison, chart.scale("x").invert(clickPosition(chart, event)[0])),
    );
    byId("metric-note").textContent = noteOn(comparison, rows, [state.metric]);
    byId("metric-table").replaceChildren(
      makeTable(
        `${label}: mean and sample standard deviation over the seeds`,
        ["Budget", "Class", "Design", "Mean", "± std", "Seeds"],
        points.map(({ row, y, std, numSeeds }) => [
          formatCount(row.budget[0]),
          row.designClass,
          `depth ${row.depth}, width ${row.width}`,
          formatDigits(y, 4),
          std === null ? ABSENT : formatDigits(std, 2),
          String(numSeeds),
        ]),
        3,
      ),
    );
  });
}

/** @param {Comparison} comparison @param {number} parameters */
function chooseBudget(comparison, parameters) {
  const distance = (/** @type {number} */ other) => Math.abs(Math.log(other / parameters));
  const all = comparison.budgets.map(([other]) => distance(other));
  update({ budget: String(all.indexOf(Math.min(...all))) });
}

/** @param {Comparison} comparison @param {MetricRow[]} rows @param {[number, number]} cell */
function renderPareto(comparison, rows, cell) {
  const container = byId("pareto");
  const budget = comparison.budgets[cell[0]][0];
  const inputs = [comparison.label, state.condition, state.x, state.y, budget];
  redraw("pareto", container, inputs, () => {
    const points = pointsOf(comparison, rows, state.x, state.y);
    markFront(points);
    const [x, y] = ofCascades([state.x, state.y]).map((key) => labelMetric(comparison, key));
    const chart = drawPareto(points, x, y, widthOf(container), budget);
    show(container, chart, `${y} against ${x}, with the Pareto front.`);
    chart.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const [left, top] = clickPosition(chart, event);
      const away = (/** @type {MetricPoint} */ point) =>
        Math.hypot(chart.scale("x").apply(point.x) - left, chart.scale("y").apply(point.y) - top);
      const nearest = [...points].sort((a, b) => away(a) - away(b))[0];
      if (nearest) chooseBudget(comparison, nearest.budget);
    });
    byId("pareto-note").textContent = noteOn(comparison, rows, [state.x, state.y]);
    byId("pareto-table").replaceChildren(
      makeTable(
        "Designs on the Pareto front: no other design is at least as low in both and lower in one",
        ["Class", "Design", "Budget", x, y],
        points
          .filter((point) => point.front)
          .sort((a, b) => a.x - b.x)
          .map((point) => [
            point.name,
            `depth ${point.row.depth}, width ${point.row.width}`,
            formatCount(point.budget),
            formatDigits(point.x, 4),
            formatDigits(point.y, 4),
          ]),
        2,
      ),
    );
  });
}

/** Remarks on some metrics.
 * @param {Comparison} comparison @param {MetricRow[]} rows @param {string[]} keys */
function noteOn(comparison, rows, keys) {
  const notes = isMeasured(keys) ? [...comparison.unlikeTimes] : [];
  if (keys.includes("accuracy")) {
    const compared = rows.filter(({ reached }) => reached[1] > 0);
    const short = compared.filter(({ reached }) => reached[0] < reached[1]).length;
    notes.push(
      `${short} of ${countOf(compared.length, "design")} ${short === 1 ? "does" : "do"} not reach ` +
        "the mean lowest error of the single networks with every seed.",
    );
  }
  if (["cascade", "cascadeError", "members"].some((key) => keys.includes(key))) {
    notes.push(
      "Cascades are by confidence, each at a threshold chosen on images that its error is not " +
        "of; a single network stands beside them as it is.",
    );
  }
  if (["latency", "fastest", "cascade"].some((key) => keys.includes(key))) {
    const sizes = distinct(rows.flatMap((row) => row.latencyBatch ?? []));
    const without = rows.filter((row) => row.latencyBatch === null).length;
    const left = without ? `; ${countOf(without, "design")} without this measurement` : "";
    notes.push(`Inference at batch size ${sizes.join(", ") || ABSENT}${left}.`);
  }
  if (keys.includes("memory") && rows.some((row) => row.memoryKind === "process resident")) {
    notes.push("Memory is that of the whole process, the only one measured on a CPU.");
  }
  return notes.join(" ");
}
