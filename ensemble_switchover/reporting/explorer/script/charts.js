// The four charts. Colours come from the style sheet, so they follow light and dark mode.

const CLASSES = ["single", "deq", "weq"];
/** @type {Record<string, string>} */
const SYMBOLS = { single: "circle", deq: "square", weq: "triangle" };
/** @type {Record<string, string | undefined>} */
const DASHES = { single: undefined, deq: "6,3", weq: "9,3,2,3" };
/** Decided or not -> the hatching. */
const HATCHES = ["hatch-pale", "hatch"];
const FONT = { fontFamily: "inherit", fontSize: "12px", overflow: "visible" };

const RING = { stroke: "var(--alarm)", strokeWidth: 2.5, fill: "none" };
const CRISP = { shapeRendering: "crispEdges" };

/** @param {string} name */
const colourOf = (name) => `var(--${name})`;

/** The kind of line of a class; round ends would close the gaps. @param {string} name */
const dashesOf = (name) => ({ strokeDasharray: DASHES[name], strokeLinecap: "butt" });

/** The class with the lowest error in every cell, and the switchover.
 * @param {Comparison} comparison @param {SwitchoverMap} map @param {number} width
 * @param {[number, number] | null} chosen indices of budget and epoch */
function drawMap(comparison, map, width, chosen) {
  const { budgets, epochs } = comparison;
  const block = { x1: (d) => d[0] - 0.5, x2: (d) => d[0] + 0.5 };
  const span = { ...block, y1: (d) => d[1] - 0.5, y2: (d) => d[2] + 0.5 };
  const faces = CLASSES.flatMap((name, index) =>
    [0, 1].map((decided) =>
      Plot.rect(
        map.cells.filter((cell) => cell[3] === index && cell[4] === decided),
        { ...span, fill: decided ? colourOf(name) : `var(--${name}-pale)`, ...CRISP },
      ),
    ),
  );
  const boundaries = Object.entries(map.boundaries).map(([name, rows]) => {
    const points = boundaryPoints(rows, epochs.length);
    return [
      Plot.line(points, { stroke: "var(--ground)", strokeWidth: 5 }),
      Plot.line(points, {
        stroke: "currentColor",
        strokeWidth: 2.2,
        ...dashesOf(name),
      }),
    ];
  });
  const every = Math.ceil(budgets.length / Math.max(2, Math.floor(width / 70)));
  return Plot.plot({
    width,
    height: Math.max(260, Math.min(420, width * 0.62)),
    marginLeft: 46,
    marginBottom: 44,
    style: FONT,
    x: {
      domain: [-0.5, budgets.length - 0.5],
      ticks: budgets.map((_, i) => i).filter((i) => i % every === 0),
      tickFormat: (i) => formatParameters(budgets[i][0]),
      label: "Budget, parameters →",
      labelAnchor: "right",
    },
    y: {
      domain: [-0.5, epochs.length - 0.5],
      ticks: epochTicks(epochs.length),
      tickFormat: (i) => String(epochs[i]),
      label: "↑ Epoch",
    },
    marks: [
      hatchPatterns,
      ...faces,
      Plot.rect(
        map.cells.filter((cell) => cell[3] < 0),
        { ...span, fill: "var(--hole)", ...CRISP },
      ),
      ...HATCHES.map((id, decided) =>
        Plot.rect(
          map.cells.filter((cell) => cell[5] && cell[4] === decided),
          { ...span, fill: `url(#${id})` },
        ),
      ),
      ...boundaries,
      chosen && Plot.rect([chosen], { ...ringOf(chosen, epochs.length), ...RING }),
    ],
  });
}

/** The outline of a cell, high enough to be visible. @param {[number, number]} cell
 * @param {number} numEpochs */
function ringOf([column, row], numEpochs) {
  const half = Math.max(0.5, numEpochs / 60);
  const middle = Math.min(Math.max(row, half - 0.5), numEpochs - 0.5 - half);
  return { x1: [column - 0.5], x2: [column + 0.5], y1: [middle - half], y2: [middle + half] };
}

/** The boundary of the switchover as points; a row is null where no epoch is beyond it.
 * @param {(number | null)[]} rows @param {number} numEpochs */
function boundaryPoints(rows, numEpochs) {
  /** @type {[number, number][]} */
  const points = [];
  rows.forEach((row, column) => {
    if (row === null) return;
    if (!points.length) points.push([column - 0.5, numEpochs - 0.5]);
    points.push([column - 0.5, row - 0.5], [column + 0.5, row - 0.5]);
  });
  return points;
}

/** @param {number} count */
function epochTicks(count) {
  const step = Math.max(1, Math.ceil(count / 8));
  return Array.from({ length: count }, (_, i) => i).filter((i) => (i + 1) % step === 0);
}

/** The hatching of cells in which both ensembles beat the single network: of those that are decided,
 * and of pale ones. */
function hatchPatterns() {
  const make = (name, attributes) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const defs = make("defs", {});
  for (const id of HATCHES) {
    const pattern = make("pattern", {
      id,
      width: "7",
      height: "7",
      patternUnits: "userSpaceOnUse",
      patternTransform: "rotate(45)",
    });
    pattern.append(make("line", { y2: "7", stroke: `var(--${id})`, "stroke-width": "1.6" }));
    defs.append(pattern);
  }
  return defs;
}

/** A metric against the budget, with a band of one standard deviation on either side.
 * @param {MetricPoint[]} points @param {string} label @param {number} width
 * @param {number | null} budget parameters of the marked budget */
function drawMetric(points, label, width, budget) {
  const [lowest, highest] = label.endsWith("%") ? [0, 100] : [-Infinity, Infinity];
  const marks = CLASSES.flatMap((name) => {
    const own = points.filter((point) => point.name === name);
    return [
      Plot.areaY(own, {
        x: "x",
        y1: (d) => Math.max(lowest, d.y - (d.std ?? 0)),
        y2: (d) => Math.min(highest, d.y + (d.std ?? 0)),
        fill: colourOf(name),
        fillOpacity: 0.2,
      }),
      Plot.line(own, { x: "x", y: "y", stroke: colourOf(name), ...dashesOf(name) }),
      Plot.dot(own, dotOptions(name, "x", "y")),
    ];
  });
  return Plot.plot({
    width,
    height: Math.max(240, Math.min(360, width * 0.55)),
    marginLeft: 54,
    marginBottom: 40,
    style: FONT,
    x: { type: "log", label: "Budget, parameters →" },
    y: { label: `↑ ${label}`, zero: true, grid: true, nice: true },
    marks: [
      Plot.axisX(someBudgets(points, width), { text: formatParameters }),
      budget && Plot.ruleX([budget], { stroke: "var(--alarm)", strokeDasharray: "4,3" }),
      ...marks,
      tipOf(points),
    ],
  });
}

/** The budgets with a label on the axis. @param {MetricPoint[]} points @param {number} width */
function someBudgets(points, width) {
  const budgets = distinct(points.map((point) => point.x)).sort((a, b) => a - b);
  const every = Math.ceil(budgets.length / Math.max(2, Math.floor(width / 75)));
  return budgets.filter((_, i) => i % every === 0);
}

/** Two metrics against each other, with the Pareto front.
 * @param {MetricPoint[]} points @param {string} xLabel @param {string} yLabel @param {number} width
 * @param {number | null} budget parameters of the budget whose designs are ringed */
function drawPareto(points, xLabel, yLabel, width, budget) {
  const front = points.filter((point) => point.front).sort((a, b) => a.x - b.x);
  const logarithmic = points.every((p) => p.x > 0) && spanOf(points.map((p) => p.x)) > 8;
  return Plot.plot({
    width,
    height: Math.max(240, Math.min(360, width * 0.55)),
    marginLeft: 54,
    marginBottom: 40,
    style: FONT,
    x: {
      type: logarithmic ? "log" : "linear",
      label: `${xLabel} →`,
      nice: !logarithmic,
      ticks: 5,
      tickFormat: (value) => formatDigits(value, 3),
    },
    y: { label: `↑ ${yLabel}`, grid: true, nice: true },
    marks: [
      Plot.line(front, { x: "x", y: "y", stroke: "currentColor", curve: "step-after" }),
      ...CLASSES.map((name) =>
        Plot.dot(
          points.filter((point) => point.name === name),
          dotOptions(name, "x", "y"),
        ),
      ),
      Plot.dot(
        points.filter((point) => point.budget === budget),
        { x: "x", y: "y", r: 8, stroke: "var(--alarm)", strokeWidth: 1.5 },
      ),
      tipOf(points),
    ],
  });
}

/** @param {number[]} values */
function spanOf(values) {
  return Math.max(...values) / Math.min(...values);
}

/** Mark the points that no other point matches in both numbers and undercuts in one.
 * @param {MetricPoint[]} points */
function markFront(points) {
  const order = [...points].sort((a, b) => a.x - b.x || a.y - b.y);
  /** @type {MetricPoint | null} */
  let best = null;
  for (const point of order) {
    point.front = best === null || point.y < best.y || (point.x === best.x && point.y === best.y);
    if (point.front) best = point;
  }
}

/** The metric after every epoch: of each seed, the mean, and of each collapsed run.
 * @param {{name: string, seed: number | null, epoch: number, error: number}[]} points
 * @param {{name: string, run: string, epoch: number, error: number}[]} collapsed
 * @param {string} label @param {number} width @param {number | null} epoch
 * @param {boolean} zero whether the axis begins at 0 */
function drawCurves(points, collapsed, label, width, epoch, zero) {
  const isLone = new Set(points.map((point) => point.epoch)).size === 1;
  return Plot.plot({
    width,
    height: Math.max(240, Math.min(340, width * 0.5)),
    marginLeft: 46,
    marginBottom: 40,
    style: FONT,
    x: { label: "Epoch →" },
    y: { label: `↑ ${label}`, grid: true, zero },
    marks: [
      ...(isLone
        ? CLASSES.map((name) =>
            Plot.dot(
              points.filter((point) => point.name === name && point.seed !== null),
              dotOptions(name, "epoch", "error"),
            ),
          )
        : []),
      epoch !== null && Plot.ruleX([epoch], { stroke: "var(--alarm)", strokeDasharray: "4,3" }),
      ...CLASSES.flatMap((name) => {
        const own = points.filter((point) => point.name === name);
        return [
          Plot.line(
            collapsed.filter((point) => point.name === name),
            {
              x: "epoch",
              y: "error",
              z: "run",
              stroke: colourOf(name),
              strokeDasharray: "1,4",
              title: "run",
            },
          ),
          Plot.line(
            own.filter((point) => point.seed !== null),
            {
              x: "epoch",
              y: "error",
              z: "seed",
              stroke: colourOf(name),
              strokeOpacity: 0.4,
              strokeWidth: 0.8,
            },
          ),
          Plot.line(
            own.filter((point) => point.seed === null),
            {
              x: "epoch",
              y: "error",
              stroke: colourOf(name),
              strokeWidth: 2.2,
              ...dashesOf(name),
            },
          ),
        ];
      }),
    ],
  });
}

/** A tooltip that describes the point nearest to the pointer. @param {MetricPoint[]} points */
function tipOf(points) {
  const style = { fill: "var(--panel)", lineHeight: 1.3 };
  return Plot.tip(points, Plot.pointer({ x: "x", y: "y", title: "title", ...style }));
}

/** @param {string} name @param {string} x @param {string} y */
function dotOptions(name, x, y) {
  return { x, y, fill: colourOf(name), symbol: SYMBOLS[name], r: 4.5, stroke: "var(--ground)" };
}
