// The map, and the details of its chosen cell.

/** @param {Comparison} comparison @param {SwitchoverMap | undefined} map @param {[number, number]} cell */
function renderMap(comparison, map, cell) {
  const container = byId("map");
  const { quality } = model;
  const inputs = [comparison.label, quality.name, map?.confidence ?? "", cell];
  redraw("map", container, inputs, () => {
    byId("answers").replaceChildren(...comparison.sentences.map((text) => make("li", {}, text)));
    byId("holes").replaceChildren(
      ...comparison.holes.map(([name, column, reason]) =>
        make("li", {}, `No ${name} at ${formatCount(comparison.budgets[column][0])}: ${reason}`),
      ),
    );
    byId("collapsed").replaceChildren(...comparison.collapsed.map((text) => make("li", {}, text)));
    if (!map) {
      container.replaceChildren(
        make("p", {}, "There are single networks only, so there is nothing to compare."),
      );
      return;
    }
    const chart = drawMap(comparison, map, widthOf(container), cell);
    chart.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const [x, y] = clickPosition(chart, event);
      const clamp = (/** @type {number} */ value, /** @type {number} */ count) =>
        Math.min(Math.max(Math.round(value), 0), count - 1);
      const column = clamp(chart.scale("x").invert(x), comparison.budgets.length);
      const row = clamp(chart.scale("y").invert(y), comparison.epochs.length);
      update({ budget: String(column), epoch: String(comparison.epochs[row]) });
    });
    show(
      container,
      chart,
      `${comparison.label}: the design class with the ${bestEnd(quality)} mean ` +
        `${nameOn(quality, comparison.measure)} ` +
        "at each budget and epoch, with the switchover. A table shows the numbers of the chosen cell.",
    );
  });
}

/** The loss of a design after an epoch: mean, standard deviation, number of seeds.
 * @param {Design} design @param {number} epoch */
function errorAt(design, epoch) {
  const row = design.epochs.findLastIndex((other) => other <= epoch);
  const errors = row < 0 ? [] : [...finiteLosses(model, design, row).values()];
  const mean = errors.length ? meanOf(errors) : null;
  return { mean, std: stdOf(errors), numSeeds: errors.length, epoch: design.epochs[row] };
}

/** State the epoch at which errors are read if curves lack the chosen epoch: long ones, or those of
 * designs with runs that were not evaluated then.
 * @param {{epoch?: number}[]} errors @param {number} epoch */
function describeThinning(errors, epoch) {
  const other = errors.find((error) => error.epoch !== epoch);
  if (!other) return "";
  const read =
    other.epoch === undefined ? "no kept epoch is so early" : `read after epoch ${other.epoch}`;
  const { stride } = model.content;
  const why =
    stride > 1 ? `long curves keep one epoch in ${stride}` : "not all runs were evaluated";
  return ` (${why}: ${read})`;
}

/** @param {Quality} quality @param {number | null} loss */
const writeMean = (quality, loss) => (loss === null ? ABSENT : writeNumber(quality, loss));

/** Name the collapsed runs of the chosen cell. @param {Design[]} designs */
function listCollapsed(designs) {
  const counted = model.content.rule.keepCollapsed ? "counted in" : "left out of";
  return designs.flatMap((design) =>
    design.collapsed.map(({ name, errors }) => {
      const last = model.floats[errors + design.epochs.length - 1];
      return make(
        "li",
        {},
        `Collapsed (dotted), and ${counted} the mean: ${labelDesign(design)}, ${name}, ` +
          `${last.toFixed(2)} % in the end`,
      );
    }),
  );
}

/** @param {Comparison} comparison @param {[number, number]} cell */
function renderCell(comparison, cell) {
  const container = byId("curves");
  const { quality } = model;
  redraw("cell", container, [comparison.label, quality.name, cell], () => {
    const [column, row] = cell;
    const epoch = comparison.epochs[row];
    const trained = CLASSES.flatMap((name) => {
      const index = comparison.designs[name][column];
      return index === null ? [] : [{ name, design: model.content.designs[index] }];
    });
    const points = trained.flatMap(({ name, design }) =>
      design.epochs.flatMap((at, i) => {
        const known = [...finiteLosses(model, design, i)].map(([seed, loss]) => ({
          name,
          seed,
          epoch: at,
          error: shownValue(quality, loss),
        }));
        const mean = known.length ? meanOf(known.map(({ error }) => error)) : NaN;
        return [...known, { name, seed: null, epoch: at, error: mean }];
      }),
    );
    const fallen = trained.flatMap(({ name, design }) =>
      design.collapsed.flatMap((run) =>
        design.epochs.map((at, i) => ({
          name,
          run: run.name,
          epoch: at,
          error: shownValue(quality, model.floats[(run.losses[quality.name] ?? run.errors) + i]),
        })),
      ),
    );
    const compared = nameOn(quality, comparison.measure);
    const label = `${compared}, ${quality.symbol}`;
    const isLone = comparison.epochs.length === 1;
    const chart = drawCurves(
      points.filter(({ epoch: at }) => !isLone || at === epoch),
      isLone ? [] : fallen,
      label,
      widthOf(container),
      epoch,
      quality.lowerIsBetter,
    );
    chart.addEventListener("click", (/** @type {MouseEvent} */ event) => {
      const at = chart.scale("x").invert(clickPosition(chart, event)[0]);
      const nearest = comparison.epochs.reduce((best, other) =>
        Math.abs(other - at) < Math.abs(best - at) ? other : best,
      );
      update({ epoch: String(nearest) });
    });
    show(container, chart, `${label} after each epoch, for each design of the chosen budget.`);
    const errors = trained.map(({ design }) => errorAt(design, epoch));
    byId("cell-table").replaceChildren(
      makeTable(
        `At ${formatCount(comparison.budgets[column][0])} parameters, after epoch ${epoch}` +
          describeThinning(errors, epoch),
        ["Design", "Parameters", `Mean ${compared}, ${quality.symbol}`, "± std", "Seeds", "Runs"],
        trained.map(({ design }, i) => [
          labelDesign(design),
          formatCount(design.parameters),
          writeMean(quality, errors[i].mean),
          errors[i].std?.toFixed(quality.decimals) ?? ABSENT,
          String(errors[i].numSeeds),
          String(design.numRuns),
        ]),
      ),
    );
    byId("cell-collapsed").replaceChildren(...listCollapsed(trained.map(({ design }) => design)));
    byId("designs").replaceChildren(...trained.map(({ design }) => describeDesign(design)));
  });
}
