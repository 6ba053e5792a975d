// The user's limits, and the advice for them.

function readLimits() {
  /** @type {Limits} */
  const limits = {};
  const wrong = [];
  for (const [name, id] of INPUTS) {
    const value = parseAmount(name, state[id] ?? "");
    const bad = Number.isNaN(value);
    byId(id).setAttribute("aria-invalid", String(bad));
    if (bad) wrong.push(`${LIMIT_NOUNS[name]}: expected a value such as ${EXAMPLES[name]}`);
    else if (value !== undefined) limits[name] = value;
  }
  return { limits, wrong };
}

/** How many runs of the chosen designs collapsed; empty if none did. */
function collapseCounts() {
  const found = model.content.collapseCounts.find(
    ({ data, family, k }) =>
      data === state.data && (family ?? "") === state.within && String(k ?? "") === state.members,
  );
  return found?.text ?? "";
}

const CASCADES = { "": "not considered", confidence: "by confidence", margin: "by margin" };

function renderAdvice() {
  const { content } = model;
  const { name } = model.quality;
  const all = content.designs.filter(
    ({ data, cascade, losses }) =>
      data === state.data && (!cascade || name === "error" || name in losses),
  );
  const ofData = all.filter((design) => !design.cascade);
  const exits = ["", ...distinct(all.flatMap(({ cascade }) => cascade?.rule ?? []))];
  choose(
    "cascades",
    Object.entries(CASCADES).filter(([rule]) => exits.includes(rule)),
  );
  byId("cascades-field").hidden = exits.length < 2;
  const costs = ofData.flatMap((design) => design.costs);
  const runs = (/** @type {string} */ device) =>
    costs.reduce((sum, cost) => sum + (cost.device === device ? cost.numRuns : 0), 0);
  const devices = distinct(costs.map((cost) => cost.device));
  const trains = (/** @type {string} */ device) =>
    costs.some((cost) => cost.device === device && cost.seconds !== null) ? 1 : 0;
  devices.sort(
    (one, other) =>
      trains(other) - trains(one) || runs(other) - runs(one) || (one < other ? -1 : 1),
  );
  choose("device", plainOptions(devices));
  choose("within", [["", "all"], ...plainOptions(distinct(ofData.map((d) => d.family)))]);
  const ks = distinct(ofData.map((d) => d.k)).sort((a, b) => a - b);
  choose("members", [["", "all"], ...plainOptions(ks.map(String))]);
  const typed = INPUTS.map(([, id]) => state[id] ?? "");
  redraw(
    "advice",
    byId("answer"),
    [state.data, state.device, state.within, state.members, state.cascades, state.compare, typed],
    () => {
      const { limits, wrong } = readLimits();
      const designs = all.filter(
        (d) =>
          (!d.cascade || d.cascade.rule === state.cascades) &&
          (!state.within || d.family === state.within) &&
          (!state.members || d.k === 1 || String(d.k) === state.members),
      );
      const answer = byId("answer");
      if (wrong.length || !designs.length) {
        answer.textContent = wrong.join("; ") || "No measured design matches this choice.";
        for (const id of ["advice-table", "remarks", "advice-command"]) byId(id).replaceChildren();
        return;
      }
      const candidates = listCandidates(content, designs, state.device);
      const advice = advise(model, candidates, limits);
      const headline = headlineOf(model.quality, advice, limits);
      const other = advice.collapsed.length
        ? headlineOf(model.quality, advise({ ...model, turned: true }, candidates, limits), limits)
        : null;
      const collapse = describeCollapse(model, advice, collapseCounts(), other, headline);
      const [told, ...remarks] = spellOutClasses(content.classTerms, [
        headline,
        ...remarksOf(model, advice, limits, collapse),
      ]);
      answer.textContent = told;
      answer.className = `answer ${advice.answer}`;
      byId("advice-table").replaceChildren(tabulateAdvice(model, advice));
      byId("remarks").replaceChildren(...remarks.map((text) => make("li", {}, text)));
      byId("advice-command").replaceChildren(
        ...(advice.recommended ? [commandOf(advice.recommended.candidate.design)] : []),
      );
    },
  );
}
