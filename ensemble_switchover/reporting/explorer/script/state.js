// The one state, which the address holds, and the parts that are drawn from it.

/** @type {Model} */
let model;
/** @type {State} */
let state = {};
/** @type {Record<string, string>} what each part was last drawn from */
const drawn = {};
/** @type {Map<string, () => void>} what is still to be drawn */
const waiting = new Map();

/** The inputs of the advice: limit -> element. @type {[LimitName, string][]} */
const INPUTS = [
  ["parameters", "parameters"],
  ["epochs", "epochs"],
  ["hours", "hours"],
  ["memory_bytes", "memory"],
  ["latency_ms", "latency"],
  ["fastest_latency_ms", "fastest"],
  ["accuracy_percent", "accuracy"],
];

/** Draw a part anew if what it shows has changed: at once where it is in sight, else soon.
 * @param {string} name @param {HTMLElement} place @param {unknown[]} inputs @param {() => void} draw */
function redraw(name, place, inputs, draw) {
  const key = JSON.stringify([inputs, place.clientWidth]);
  if (drawn[name] === key) return;
  drawn[name] = key;
  waiting.delete(name);
  const { top, bottom } = place.getBoundingClientRect();
  if (top < innerHeight && bottom > 0) {
    draw();
    return;
  }
  if (!waiting.size) setTimeout(drawWaiting);
  waiting.set(name, draw);
  document.body.setAttribute("aria-busy", "true");
}

/** Draw one part that waits, and let the browser answer before the next. */
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
