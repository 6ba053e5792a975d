// The state of the page, stored in the address, and the parts that are drawn from it.

/** @type {Model} */
let model;
/** @type {State} */
let state = {};
/** @type {Record<string, string>} the inputs from which each part was last drawn */
const drawn = {};
/** @type {Map<string, () => void>} the parts that wait to be drawn */
const waiting = new Map();

/** The fields of the advice form: limit -> id of the element. @type {[LimitName, string][]} */
const INPUTS = [
  ["parameters", "parameters"],
  ["epochs", "epochs"],
  ["hours", "hours"],
  ["memory_bytes", "memory"],
  ["latency_ms", "latency"],
  ["latency_p99_ms", "slowest"],
  ["fastest_latency_ms", "fastest"],
  ["accuracy_percent", "accuracy"],
];

/** Redraw a part if its inputs have changed: immediately if it is visible, otherwise soon.
 * @param {string} name @param {HTMLElement} container @param {unknown[]} inputs @param {() => void} draw */
function redraw(name, container, inputs, draw) {
  const key = JSON.stringify([inputs, container.clientWidth]);
  if (drawn[name] === key) return;
  drawn[name] = key;
  waiting.delete(name);
  const { top, bottom } = container.getBoundingClientRect();
  if (top < innerHeight && bottom > 0) {
    draw();
    return;
  }
  if (!waiting.size) setTimeout(drawWaiting);
  waiting.set(name, draw);
  document.body.setAttribute("aria-busy", "true");
}

/** Draw one waiting part, and let the browser respond before the next. */
function drawWaiting() {
  const [next] = waiting;
  if (next) {
    waiting.delete(next[0]);
    next[1]();
  }
  if (waiting.size) setTimeout(drawWaiting);
  else document.body.removeAttribute("aria-busy");
}

/** @template T @param {T[]} items @returns {T[]} */
const distinct = (items) => [...new Set(items)];
