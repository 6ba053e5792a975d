// One design: the command that repeats its runs, its conditions and its configuration.

/** The command, conditions and configuration of a design. @param {Design} design */
function describeDesign(design) {
  const pairs = design.facts.map((index) => model.content.facts[index]);
  const facts = pairs.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
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

/** The command that repeats the runs of a design, with a button to copy it. @param {Design} design */
function commandOf(design) {
  if (design.command === null)
    return make("p", {}, "This version has no command that repeats these runs.");
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
    // A page opened from disk may not write to the clipboard, so the selection is copied instead.
    getSelection()?.selectAllChildren(element);
    document.execCommand("copy");
  }
}
