// One state, which the address holds; every control changes it, and everything shown follows.

/** @type {Model} */
let model;
/** @type {State} */
let state = {};
/** @type {Record<string, string>} what each part was last drawn from */
const drawn = {};

/** The inputs of the advice: limit -> element. @type {[LimitName, string][]} */
const INPUTS = [
  ["parameters", "parameters"],
  ["epochs", "epochs"],
  ["hours", "hours"],
  ["memory_bytes", "memory"],
  ["latency_ms", "latency"],
  ["accuracy_percent", "accuracy"],
];
const SELECTS = [
  ...["data", "family", "k", "setting", "rule", "condition", "metric", "x", "y"],
  ...["budget", "epoch", "device", "within", "members"],
];
const DEFAULTS = { rule: "0.95", metric: "latency", x: "training", y: "error" };

/** Draw a part anew if what it shows has changed.
 * @param {string} name @param {unknown[]} inputs @param {() => void} draw */
function redraw(name, inputs, draw) {
  const key = JSON.stringify(inputs);
  if (drawn[name] === key) return;
  drawn[name] = key;
  draw();
}

/** @param {State} changes */
function update(changes) {
  state = { ...state, ...changes };
  render();
  history.replaceState(null, "", writeHash(state));
}

/** @template T @param {T[]} items @returns {T[]} */
const distinct = (items) => [...new Set(items)];

/** @param {string} name @param {[string, string][]} options */
function choose(name, options) {
  state[name] = fillSelect(byId(name), options, state[name] ?? "");
  return state[name];
}

/** @param {string[]} values @returns {[string, string][]} */
const plainOptions = (values) => values.map((value) => [value, value]);

/** Fill the filters from left to right, and return what they choose. */
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

/** @param {Comparison} comparison */
function chooseMap(comparison) {
  /** @type {[string, string][]} */
  const options = comparison.maps.map(({ confidence }) => [
    String(confidence),
    confidence === null ? "means alone" : `${formatDigits(100 * confidence, 3)} % interval`,
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

/** The rows of a comparison under the condition chosen. @param {Comparison} comparison */
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

/** @param {MetricRow[]} rows @param {string} xKey @param {string} yKey @returns {MetricPoint[]} */
function pointsOf(rows, xKey, yKey) {
  const keys = model.content.metrics.map(([key]) => key);
  return rows.flatMap((row) => {
    const [x] = xKey === "budget" ? row.budget : row.values[keys.indexOf(xKey)];
    const [y, std] = row.values[keys.indexOf(yKey)];
    if (x === null || y === null) return [];
    const what = `${row.designClass}${row.k > 1 ? `, k = ${row.k}` : ""}`;
    const title =
      `${what}, depth ${row.depth}, width ${row.width}\n` +
      `budget ${formatCount(row.budget[0])}, filled ${Math.round(100 * row.fill)} %\n` +
      (xKey === "budget" ? "" : `${labelMetric(xKey)}: ${formatDigits(x, 4)}\n`) +
      `${labelMetric(yKey)}: ${formatSpread(y, std)}`;
    const budget = row.budget[0];
    return [{ name: row.designClass, x, y, std, budget, front: false, title, row }];
  });
}

/** @param {string} key */
function labelMetric(key) {
  const [, name, unit] = /** @type {[string, string, string]} */ (
    model.content.metrics.find(([other]) => other === key)
  );
  return unit ? `${name}, ${unit}` : name;
}

/** @param {HTMLElement} element */
const widthOf = (element) => Math.max(280, Math.floor(element.clientWidth));

function render() {
  const comparison = chooseComparison();
  const map = chooseMap(comparison);
  const cell = chooseCell(comparison);
  const rows = chooseRows(comparison);
  /** @type {[string, string][]} */
  const metrics = model.content.metrics.map(([key, name]) => [key, name]);
  choose("metric", metrics);
  choose("x", metrics);
  choose("y", metrics);
  renderMap(comparison, map, cell);
  renderCell(comparison, cell);
  renderMetric(comparison, rows, cell);
  renderPareto(comparison, rows, cell);
  renderAdvice();
}

/** @param {Comparison} comparison @param {SwitchoverMap | undefined} map @param {[number, number]} cell */
function renderMap(comparison, map, cell) {
  const place = byId("map");
  redraw("map", [comparison.label, map?.confidence ?? "", cell, widthOf(place)], () => {
    byId("answers").replaceChildren(...comparison.sentences.map((text) => make("li", {}, text)));
    byId("holes").replaceChildren(
      ...comparison.holes.map(([name, column, reason]) =>
        make("li", {}, `No ${name} at ${formatCount(comparison.budgets[column][0])}: ${reason}`),
      ),
    );
    if (!map) {
      place.replaceChildren(make("p", {}, "There are single networks only, so nothing to compare."));
      return;
    }
    const picture = drawMap(comparison, map, widthOf(place), cell);
    picture.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const [x, y] = placeOf(picture, event);
      const clamp = (/** @type {number} */ value, /** @type {number} */ count) =>
        Math.min(Math.max(Math.round(value), 0), count - 1);
      const column = clamp(picture.scale("x").invert(x), comparison.budgets.length);
      const row = clamp(picture.scale("y").invert(y), comparison.epochs.length);
      update({ budget: String(column), epoch: String(comparison.epochs[row]) });
    });
    show(
      place,
      picture,
      `${comparison.label}: the design class with the lowest mean ${comparison.measure} ` +
        "at each budget and epoch, with the switchover. The numbers of the chosen cell stand below.",
    );
  });
}

/** The error of a design after an epoch: mean, deviation, seeds.
 * @param {Design} design @param {number} epoch */
function errorAt(design, epoch) {
  const row = design.epochs.findLastIndex((other) => other <= epoch);
  const errors = row < 0 ? [] : [...finiteErrors(model, design, row).values()];
  const mean = errors.length ? meanOf(errors) : null;
  return { mean, std: stdOf(errors), numSeeds: errors.length, epoch: design.epochs[row] };
}

/** @param {Comparison} comparison @param {[number, number]} cell */
function renderCell(comparison, cell) {
  const place = byId("curves");
  redraw("cell", [comparison.label, cell, widthOf(place)], () => {
    const [column, row] = cell;
    const epoch = comparison.epochs[row];
    const trained = CLASSES.flatMap((name) => {
      const index = comparison.designs[name][column];
      return index === null ? [] : [{ name, design: model.content.designs[index] }];
    });
    const points = trained.flatMap(({ name, design }) =>
      design.epochs.flatMap((at, i) => {
        const seeds = design.seeds.map((seed, s) => ({
          name,
          seed,
          epoch: at,
          error: errorOf(model, design, s, i),
        }));
        const known = seeds.filter((point) => Number.isFinite(point.error));
        const mean = known.length ? meanOf(known.map((point) => point.error)) : NaN;
        return [...known, { name, seed: null, epoch: at, error: mean }];
      }),
    );
    const label = `${comparison.measure}, %`;
    const picture = drawCurves(points, label, widthOf(place), epoch);
    picture.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const at = picture.scale("x").invert(placeOf(picture, event)[0]);
      const nearest = comparison.epochs.reduce((best, other) =>
        Math.abs(other - at) < Math.abs(best - at) ? other : best,
      );
      update({ epoch: String(nearest) });
    });
    show(place, picture, `${label} after each epoch, of each design of the chosen budget.`);
    byId("cell-table").replaceChildren(
      makeTable(
        `At ${formatCount(comparison.budgets[column][0])} parameters, after epoch ${epoch}`,
        ["Class", "Design", "Parameters", `Mean ${comparison.measure}, %`, "± std", "Seeds", "Runs"],
        trained.map(({ name, design }) => {
          const error = errorAt(design, epoch);
          return [
            name,
            labelDesign(design),
            formatCount(design.parameters),
            error.mean === null ? ABSENT : error.mean.toFixed(2),
            error.std === null ? ABSENT : error.std.toFixed(2),
            String(error.numSeeds),
            String(design.numRuns),
          ];
        }),
      ),
    );
    byId("designs").replaceChildren(...trained.map(({ design }) => describeDesign(design)));
  });
}

/** A design's command, conditions and configuration. @param {Design} design */
function describeDesign(design) {
  const facts = design.facts.flatMap(([name, value]) => [
    make("dt", {}, name),
    make("dd", {}, value),
  ]);
  const config = { ...model.content.config, ...design.config };
  const lines = Object.entries(config).map(([key, value]) => `${key}: ${JSON.stringify(value)}`);
  return make(
    "section",
    { class: "design" },
    make("h3", {}, labelDesign(design)),
    commandOf(design),
    make(
      "details",
      {},
      make("summary", {}, "Conditions and configuration"),
      make("dl", {}, ...facts),
      make("pre", { tabindex: "0" }, lines.sort().join("\n") || "no configuration was recorded"),
    ),
  );
}

/** The command that makes a design's runs again, with a button. @param {Design} design */
function commandOf(design) {
  if (design.command === null) return make("p", {}, "No command of this version makes it again.");
  const text = make("code", {}, design.command);
  const button = make("button", { type: "button", class: "copy" }, "Copy");
  button.setAttribute("aria-label", `Copy the command of ${labelDesign(design)}`);
  button.addEventListener("click", async () => {
    await copyText(/** @type {string} */ (design.command), text);
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return make("div", { class: "command" }, make("pre", { tabindex: "0" }, text), button);
}

/** @param {string} text @param {HTMLElement} element that shows it */
async function copyText(text, element) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // A page opened from disk may not write to the clipboard: the selection is copied instead.
    getSelection()?.selectAllChildren(element);
    document.execCommand("copy");
  }
}

/** @param {Comparison} comparison @param {MetricRow[]} rows @param {[number, number]} cell */
function renderMetric(comparison, rows, cell) {
  const place = byId("metric-picture");
  const budget = comparison.budgets[cell[0]][0];
  const inputs = [comparison.label, state.condition, state.metric, budget, widthOf(place)];
  redraw("metric", inputs, () => {
    const points = pointsOf(rows, "budget", state.metric);
    const label = labelMetric(state.metric);
    const picture = drawMetric(points, label, widthOf(place), budget);
    show(place, picture, `${label} against the budget in parameters, by design class.`);
    picture.addEventListener("click", (/** @type {MouseEvent} */ event) =>
      chooseBudget(comparison, picture.scale("x").invert(placeOf(picture, event)[0])),
    );
    byId("metric-note").textContent = noteOn(rows, [state.metric]);
    byId("metric-table").replaceChildren(
      makeTable(
        `${label}: mean and sample standard deviation over the seeds`,
        ["Budget", "Class", "Design", "Mean", "± std", "Seeds"],
        points.map(({ row, y, std }) => [
          formatCount(row.budget[0]),
          row.designClass,
          `depth ${row.depth}, width ${row.width}`,
          formatDigits(y, 4),
          std === null ? ABSENT : formatDigits(std, 2),
          String(row.numSeeds),
        ]),
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
  const place = byId("pareto");
  const budget = comparison.budgets[cell[0]][0];
  const inputs = [comparison.label, state.condition, state.x, state.y, budget, widthOf(place)];
  redraw("pareto", inputs, () => {
    const points = pointsOf(rows, state.x, state.y);
    markFront(points);
    const [x, y] = [labelMetric(state.x), labelMetric(state.y)];
    const picture = drawPareto(points, x, y, widthOf(place), budget);
    show(place, picture, `${y} against ${x}, with the Pareto front.`);
    picture.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const [left, top] = placeOf(picture, event);
      const away = (/** @type {MetricPoint} */ point) =>
        Math.hypot(
          picture.scale("x").apply(point.x) - left,
          picture.scale("y").apply(point.y) - top,
        );
      const nearest = [...points].sort((a, b) => away(a) - away(b))[0];
      if (nearest) chooseBudget(comparison, nearest.budget);
    });
    byId("pareto-note").textContent = noteOn(rows, [state.x, state.y]);
    byId("pareto-table").replaceChildren(
      makeTable(
        "Designs on the Pareto front: no other is as low in both and lower in one",
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
      ),
    );
  });
}

/** What has to be known beside some metrics. @param {MetricRow[]} rows @param {string[]} keys */
function noteOn(rows, keys) {
  const notes = [];
  if (keys.includes("accuracy")) {
    const missing = rows.filter((row) => row.values[3][0] === null).length;
    notes.push(`${missing} designs never reach the single network's accuracy with every seed.`);
  }
  if (keys.includes("latency")) {
    const sizes = distinct(rows.flatMap((row) => row.latencyBatch ?? []));
    notes.push(`Inference at batch size ${sizes.join(", ") || ABSENT}.`);
  }
  if (keys.includes("memory") && rows.some((row) => row.memoryKind === "process resident")) {
    notes.push("Memory is that of the whole process: a CPU tells no other.");
  }
  return notes.join(" ");
}

function readLimits() {
  /** @type {Limits} */
  const limits = {};
  const wrong = [];
  for (const [name, id] of INPUTS) {
    const value = parseAmount(name, state[id] ?? "");
    const bad = Number.isNaN(value);
    byId(id).setAttribute("aria-invalid", String(bad));
    if (bad) wrong.push(`${LIMIT_WORDS[name]}: expected such as ${EXAMPLES[name]}`);
    else if (value !== undefined) limits[name] = value;
  }
  return { limits, wrong };
}

function renderAdvice() {
  const { content } = model;
  const ofData = content.designs.filter((design) => design.data === state.data);
  const devices = distinct(ofData.flatMap((d) => d.costs.map((cost) => cost.device)));
  const runs = (/** @type {string} */ device) =>
    ofData.reduce((n, d) => n + (d.costs.some((c) => c.device === device) ? d.numRuns : 0), 0);
  devices.sort((one, other) => runs(other) - runs(one) || (one < other ? -1 : 1));
  choose("device", plainOptions(devices));
  choose("within", [["", "all"], ...plainOptions(distinct(ofData.map((d) => d.family)))]);
  const ks = distinct(ofData.map((d) => d.k)).sort((a, b) => a - b);
  choose("members", [["", "all"], ...plainOptions(ks.map(String))]);
  const words = INPUTS.map(([, id]) => state[id] ?? "");
  redraw("advice", [state.data, state.device, state.within, state.members, words], () => {
    const { limits, wrong } = readLimits();
    const designs = ofData.filter(
      (d) =>
        (!state.within || d.family === state.within) &&
        (!state.members || d.k === 1 || String(d.k) === state.members),
    );
    const answer = byId("answer");
    if (wrong.length || !designs.length) {
      answer.textContent = wrong.join("; ") || "No design was measured with these.";
      for (const id of ["advice-table", "remarks", "advice-command"]) byId(id).replaceChildren();
      return;
    }
    const advice = advise(model, listCandidates(designs, state.device), limits);
    answer.textContent = headlineOf(advice, limits);
    answer.className = `answer ${advice.answer}`;
    byId("advice-table").replaceChildren(tabulateAdvice(model, advice));
    byId("remarks").replaceChildren(
      ...remarksOf(model, advice, limits).map((text) => make("li", {}, text)),
    );
    byId("advice-command").replaceChildren(
      ...(advice.best ? [commandOf(advice.best.candidate.design)] : []),
    );
  });
}

/** @param {string} text */
function decodeFloats(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

function start() {
  const content = JSON.parse(byId("content").textContent);
  model = { content, floats: decodeFloats(content.floats) };
  restore();
  for (const name of SELECTS) {
    byId(name).addEventListener("change", () => update({ [name]: byId(name).value }));
  }
  for (const [, id] of INPUTS) {
    byId(id).addEventListener("input", () => update({ [id]: byId(id).value }));
  }
  byId("advice-form").addEventListener("submit", (/** @type {Event} */ event) =>
    event.preventDefault(),
  );
  byId("map").addEventListener("keydown", moveCell);
  addEventListener("hashchange", restore);
  let timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(render, 120);
  });
}

/** Show what the address says. */
function restore() {
  state = { ...DEFAULTS, ...readHash(location.hash) };
  for (const [, id] of INPUTS) byId(id).value = state[id] ?? "";
  render();
}

/** Arrow keys choose the neighbouring cell. @param {KeyboardEvent} event */
function moveCell(event) {
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  const step = steps[/** @type {keyof typeof steps} */ (event.key)];
  if (!step) return;
  event.preventDefault();
  const epochs = [...byId("epoch").options].map((/** @type {any} */ option) => option.value);
  const row = epochs.indexOf(state.epoch) + step[1];
  const column = Number(state.budget) + step[0];
  if (column < 0 || column >= byId("budget").options.length || !epochs[row]) return;
  update({ budget: String(column), epoch: epochs[row] });
}

start();
