// The map, and what stands under its chosen cell.

/** @param {Comparison} comparison @param {SwitchoverMap | undefined} map @param {[number, number]} cell */
function renderMap(comparison, map, cell) {
  const place = byId("map");
  redraw("map", place, [comparison.label, map?.confidence ?? "", cell], () => {
    byId("answers").replaceChildren(...comparison.sentences.map((text) => make("li", {}, text)));
    byId("holes").replaceChildren(
      ...comparison.holes.map(([name, column, reason]) =>
        make("li", {}, `No ${name} at ${formatCount(comparison.budgets[column][0])}: ${reason}`),
      ),
    );
    if (!map) {
      place.replaceChildren(
        make("p", {}, "There are single networks only, so nothing to compare."),
      );
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

/** Say where errors are read whose curves lack an epoch, since they are long.
 * @param {{epoch?: number}[]} errors @param {number} epoch */
function describeThinning(errors, epoch) {
  const other = errors.find((error) => error.epoch !== epoch);
  if (!other) return "";
  const read = other.epoch === undefined ? "none is so early" : `read after epoch ${other.epoch}`;
  return ` (of long curves one epoch in ${model.content.stride} is kept: ${read})`;
}

/** @param {Comparison} comparison @param {[number, number]} cell */
function renderCell(comparison, cell) {
  const place = byId("curves");
  redraw("cell", place, [comparison.label, cell], () => {
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
    const errors = trained.map(({ design }) => errorAt(design, epoch));
    byId("cell-table").replaceChildren(
      makeTable(
        `At ${formatCount(comparison.budgets[column][0])} parameters, after epoch ${epoch}` +
          describeThinning(errors, epoch),
        ["Design", "Parameters", `Mean ${comparison.measure}, %`, "± std", "Seeds", "Runs"],
        trained.map(({ design }, i) => [
          labelDesign(design),
          formatCount(design.parameters),
          errors[i].mean?.toFixed(2) ?? ABSENT,
          errors[i].std?.toFixed(2) ?? ABSENT,
          String(errors[i].numSeeds),
          String(design.numRuns),
        ]),
      ),
    );
    byId("designs").replaceChildren(...trained.map(({ design }) => describeDesign(design)));
  });
}
