// Small helpers for the document. Text is only ever set as text, never as markup.

/** @param {string} id @returns {any} */
function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element #${id}`);
  return found;
}

/** Make an element with attributes and children; strings become text.
 * @param {string} name @param {Record<string, string>} attributes
 * @param {...(Node | string)} children @returns {HTMLElement} */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Fill a select, keep the choice where it is still there, and return what is chosen.
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

/** Make a table; the first column heads its row, and the first few hold text.
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

/** Put a picture into its place. Its own style sheet, which the policy forbids, is left out, and
 * so are its parts' labels: the picture has one, and a table beside it.
 * @param {HTMLElement} place @param {any} picture @param {string} label */
function show(place, picture, label) {
  picture.querySelector("style")?.remove();
  const unlabel = () => {
    for (const part of picture.querySelectorAll("[aria-label]")) part.removeAttribute("aria-label");
  };
  unlabel();
  new MutationObserver(unlabel).observe(picture, { childList: true, subtree: true }); // tips come
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", label);
  place.replaceChildren(picture);
}

/** Where in the picture's own coordinates something was clicked.
 * @param {any} picture @param {MouseEvent} event @returns {[number, number]} */
function placeOf(picture, event) {
  const box = picture.getBoundingClientRect();
  const scale = Number(picture.getAttribute("width")) / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

/** A state as an address, and back. @param {State} state */
function writeHash(state) {
  const entries = Object.entries(state).filter(([, value]) => value !== "");
  return `#${new URLSearchParams(entries)}`;
}

/** @param {string} hash @returns {State} */
function readHash(hash) {
  return Object.fromEntries(new URLSearchParams(hash.replace(/^#/, "")));
}
