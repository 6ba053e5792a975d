// One state, stored in the address: controls change it, and the page is drawn from it.

const SELECTS = [
  ...["data", "family", "k", "setting", "compare", "rule", "condition", "metric", "x", "y"],
  ...["budget", "epoch", "device", "within", "members", "cascades"],
];
const DEFAULTS = { metric: "latency", x: "training", y: "error" };

/** @param {State} changes */
function update(changes) {
  state = { ...state, ...changes };
  render();
  try {
    history.replaceState(null, "", writeHash(state));
  } catch {
    // A page embedded in another, as in W&B, may have no address to write to.
  }
}

function render() {
  const comparison = chooseQuality(chooseComparison());
  const map = chooseMap(comparison);
  const cell = chooseCell(comparison);
  const rows = chooseRows(comparison);
  /** @type {[string, string][]} */
  const metrics = model.content.metrics
    .filter((_, i) => rows.some((row) => row.values[i][0] !== null))
    .map(([key, name]) => [key, nameMetric(comparison, key, name)]);
  choose("metric", metrics);
  choose("x", metrics);
  choose("y", metrics);
  renderMap(comparison, map, cell);
  renderCell(comparison, cell);
  renderMetric(comparison, rows, cell);
  renderPareto(comparison, rows, cell);
  renderAdvice();
}

/** @param {string} text */
function decodeFloats(text) {
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < letters.length; i += 1) bytes[i] = letters.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function start() {
  const content = JSON.parse(byId("content").textContent);
  model = { content, floats: decodeFloats(content.floats), quality: content.qualities[0] };
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
  for (const link of document.querySelectorAll("nav a")) link.addEventListener("click", follow);
  let timer = 0;
  addEventListener("resize", () => {
    clearTimeout(timer);
    timer = setTimeout(render, 120);
  });
}

/** Restore the state from the address. */
function restore() {
  const rule = String(model.content.rule.confidence);
  state = { ...DEFAULTS, compare: model.content.compare, rule, ...readHash(location.hash) };
  for (const [, id] of INPUTS) byId(id).value = state[id] ?? "";
  render();
}

/** Go to a section of the page without changing the address, which holds the state. @param {Event} event */
function follow(event) {
  event.preventDefault();
  const part = byId(/** @type {HTMLAnchorElement} */ (event.currentTarget).hash.slice(1));
  part.scrollIntoView();
  part.focus();
}

/** Choose the neighbouring cell with the arrow keys. @param {KeyboardEvent} event */
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
