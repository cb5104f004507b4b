// Numbers and days as people read them, by the same rules as the comment on a pull request.
"use strict";
(() => {
  const AMOUNT = /^(-?)(\d+)(?:\.(\d+))?$/;
  const SCALES = [[1e3, "K"], [1e6, "M"], [1e9, "B"]];
  const NONE = "\u2013";

  // Dollars from exact decimal text: two decimals, <$0.01 for less, half a cent away from zero. Never through a float.
  function dollars(text) {
    if (text === null || text === undefined) return NONE;
    const [, sign, whole, rest = ""] = AMOUNT.exec(text);
    const fraction = rest.padEnd(3, "0");
    let cents = BigInt(whole + fraction.slice(0, 2));
    if (cents === 0n) return /[1-9]/.test(fraction) ? `${sign}<$0.01` : "$0.00";
    if (fraction[2] >= "5") cents += 1n;
    return `${sign}$${(cents / 100n).toLocaleString("en-US")}.${String(cents % 100n).padStart(2, "0")}`;
  }

  // A point of a chart: already rounded.
  function roughDollars(value) {
    if (value === null || value === undefined) return NONE;
    if (value !== 0 && Math.abs(value) < 0.01) return "<$0.01";
    return value.toLocaleString("en-US", { style: "currency", currency: "USD" });
  }

  // An axis has little room; cents are there where they tell two marks apart.
  function shortDollars(value) {
    const [scale, letter] = SCALES.findLast(([size]) => Math.abs(value) >= size) ?? [1, ""];
    const scaled = Number((value / scale).toPrecision(3));
    return `$${letter || Number.isInteger(scaled) || Math.abs(scaled) < 0.01 ? scaled : scaled.toFixed(2)}${letter}`;
  }

  // A count: below 1,000 as it is, then at most three significant digits with K, M or B.
  function count(number) {
    if (number < 1000) return String(number);
    const unit = 10 ** (String(number).length - 3);
    const rounded = Math.floor((number + unit / 2) / unit) * unit;
    const [scale, letter] = SCALES.find(([size]) => rounded < size * 1000) ?? SCALES[2];
    return `${rounded / scale}${letter}`;
  }

  const whole = (number) => number.toLocaleString("en-US");

  function percent(part, digits = 0) {
    if (part === null || part === undefined) return NONE;
    const value = 100 * Number(part);
    if (value > 0 && value < 10 ** -digits) return `<${10 ** -digits}%`;
    return `${value.toFixed(digits)}%`;
  }

  const DAY = 86400000;
  const long = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
  const short = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
  const time = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

  window.prCost.format = {
    NONE, dollars, roughDollars, shortDollars, count, whole, percent,
    plural: (number, noun) => `${whole(number)} ${noun}${number === 1 ? "" : "s"}`,
    dayNumber: (iso) => Date.parse(iso) / DAY, // days since 1970-01-01
    day: (number) => long.format(number * DAY),
    isoDay: (number) => new Date(number * DAY).toISOString().slice(0, 10),
    shortDay: (iso) => short.format(Date.parse(iso)),
    longDay: (iso) => long.format(Date.parse(iso)),
    moment: (iso) => `${time.format(Date.parse(iso))} UTC`,
  };
})();
