// Helpers for the document. Text is always inserted as text, never as markup.

/** @param {string} id @returns {any} */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
}

/** Make an element with attributes and children; strings become text nodes.
 * @param {string} name @param {Record<string, string>} attributes
 * @param {...(Node | string)} children @returns {HTMLElement} */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Fill a select, keep the choice if it still exists, and return the chosen value.
 * @param {HTMLSelectElement} select @param {[string, string][]} options @param {string} wanted */
function fillSelect(select, options, wanted) {
  const same =
    select.options.length === options.length &&
    options.every(([value, label], i) => {
      const option = select.options[i];
      return option.value === value && option.textContent === label;
    });
  if (!same) {
    select.replaceChildren(...options.map(([value, label]) => make("option", { value }, label)));
  }
  const known = options.some(([value]) => value === wanted);
  select.value = known ? wanted : (options[0]?.[0] ?? "");
  return select.value;
}

/** Make a table; the first cell heads its row, and the first columns hold text.
 * @param {string} caption @param {string[]} headers @param {string[][]} rows */
function makeTable(caption, headers, rows, numTextColumns = 1) {
  const kind = (/** @type {number} */ i) => ({ class: i < numTextColumns ? "text" : "number" });
  const head = headers.map((text, i) => make("th", { scope: "col", ...kind(i) }, text));
  const body = rows.map((cells) => {
    const [first, ...others] = cells;
    const values = others.map((text, i) => make("td", kind(i + 1), text));
    return make("tr", {}, make("th", { scope: "row", ...kind(0) }, first), ...values);
  });
  const table = make(
    "table",
    {},
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...head)),
    make("tbody", {}, ...body),
  );
  return make(
    "div",
    { class: "scroll", role: "region", "aria-label": caption, tabindex: "0" },
    table,
  );
}

/** Show a chart in a container. The chart's own style sheet is removed because the policy forbids
 * it. The labels of its parts are removed because the chart has a label and a table beside it.
 * @param {HTMLElement} container @param {any} chart @param {string} label */
function show(container, chart, label) {
  chart.querySelector("style")?.remove();
  const unlabel = () => {
    for (const part of chart.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  };
  unlabel();
  new MutationObserver(unlabel).observe(chart, { childList: true, subtree: true }); // tooltips appear later
  chart.setAttribute("role", "img");
  chart.setAttribute("aria-label", label);
  container.replaceChildren(chart);
}

/** The position of a click in the coordinates of the chart.
 * @param {any} chart @param {MouseEvent} event @returns {[number, number]} */
function clickPosition(chart, event) {
  const box = chart.getBoundingClientRect();
  const scale = Number(chart.getAttribute("width")) / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

/** Write a state as the fragment of an address. @param {State} state */
function writeHash(state) {
  const entries = Object.entries(state).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(entries)}`;
}

/** Read a state from the fragment of an address. @param {string} hash @returns {State} */
function readHash(hash) {
  return Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
}
