// Writing numbers for people, and reading the numbers that they type.

const ABSENT = "–";
const MEBIBYTE = 2 ** 20;
const NUMBERS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 12 });

/** A whole number with separated thousands, such as 206,734. @param {number} value */
function formatCount(value) {
  return NUMBERS.format(Math.round(value));
}

/** A number to some significant digits, without an exponent. @param {number} value @param {number} digits */
function formatDigits(value, digits) {
  return NUMBERS.format(Number(value.toPrecision(digits)));
}

/** Parameters on an axis, such as 207 k. @param {number} value */
function formatParameters(value) {
  if (value >= 1e6) return `${formatDigits(value / 1e6, 3)} M`;
  return value >= 1e3 ? `${formatDigits(value / 1e3, 3)} k` : String(value);
}

/** Mean and standard deviation. @param {number | null} mean @param {number | null} std */
function formatSpread(mean, std, digits = 4) {
  if (mean === null) return ABSENT;
  const spread = std === null ? "" : ` ± ${formatDigits(std, 2)}`;
  return `${formatDigits(mean, digits)}${spread}`;
}

/** Seconds in a fitting unit. @param {number} seconds */
function formatSeconds(seconds) {
  if (seconds >= 2 * 86400) return `${formatDigits(seconds / 86400, 2)} days`;
  if (seconds >= 3600) return `${formatDigits(seconds / 3600, 2)} h`;
  return seconds >= 60 ? `${formatDigits(seconds / 60, 2)} min` : `${formatDigits(seconds, 2)} s`;
}

/** A limited quantity with its unit. @param {LimitName} name @param {number} value */
function formatAmount(name, value) {
  if (name === "parameters" || name === "epochs") return countOf(value, name.slice(0, -1));
  if (name === "hours") return `${formatDigits(value, 3)} h (${formatSeconds(value * 3600)})`;
  if (name === "memory_bytes") return `${formatCount(value / MEBIBYTE)} MiB`;
  return name === "accuracy_percent" ? `${value.toFixed(2)} %` : `${formatDigits(value, 3)} ms`;
}

/** Round a value to the digits of `formatAmount`, towards the looser limit.
 * @param {LimitName} name @param {number} value */
function roundOutward(name, value) {
  if (name === "parameters" || name === "epochs") return value;
  if (name === "accuracy_percent") return Math.floor(value * 100) / 100;
  if (name === "memory_bytes") return Math.ceil(value / MEBIBYTE) * MEBIBYTE;
  const step = 10 ** (Math.floor(Math.log10(value)) - 2);
  const steps = Number((value / step).toPrecision(12)); // without the rounding error of the division
  return Number((Math.ceil(steps) * step).toPrecision(3));
}

// A comma separates thousands: 1,5 is rejected, not read as 15.
const AMOUNT =
  /^((?:[0-9]+|[0-9]{1,3}(?:[,_][0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)(e[+-]?[0-9]{1,2})?\s*([a-z%]*)$/i;
/** @type {Record<LimitName, Record<string, number>>} */
const UNITS = {
  parameters: { "": 1, k: 1e3, m: 1e6, g: 1e9 },
  epochs: { "": 1 },
  hours: { "": 1, h: 1 },
  memory_bytes: { gib: 2 ** 30, mib: 2 ** 20, kib: 2 ** 10, gb: 1e9, mb: 1e6, kb: 1e3, b: 1 },
  latency_ms: { "": 1, ms: 1 },
  latency_p99_ms: { "": 1, ms: 1 },
  fastest_latency_ms: { "": 1, ms: 1 },
  accuracy_percent: { "": 1, "%": 1 },
};
/** @type {Record<LimitName, string>} */
const EXAMPLES = {
  parameters: "2M or 200k",
  epochs: "60",
  hours: "1.5",
  memory_bytes: "8GiB or 500MB",
  latency_ms: "3",
  latency_p99_ms: "5",
  fastest_latency_ms: "3",
  accuracy_percent: "95 or 0.95%",
};

/** Tell whether a value is out of range, or may mean something else in this unit.
 * @param {LimitName} name @param {number} value @param {string} unit */
function isAmbiguous(name, value, unit) {
  if (name === "accuracy_percent") return value > 100 || (value <= 1 && unit === ""); // a share?
  if (name === "memory_bytes") return /^[KMG]b$/.test(unit); // bits?
  const whole = name === "epochs" || (name === "parameters" && unit === ""); // 1.5: thousands?
  return whole && !Number.isInteger(value);
}

/** Read a typed limit: a number, undefined for an empty text, or NaN for an invalid one.
 * @param {LimitName} name @param {string} text @returns {number | undefined} */
function parseAmount(name, text) {
  const plain = text.trim();
  if (plain === "") return undefined;
  const match = AMOUNT.exec(plain);
  const factor = match && UNITS[name][match[3].toLowerCase()];
  if (!match || factor === undefined || factor === null) return NaN;
  const value = Number(match[1].replace(/[,_]/g, "") + (match[2] ?? "")) * factor;
  return value > 0 && !isAmbiguous(name, value, match[3]) ? value : NaN;
}
