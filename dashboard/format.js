// Numbers, dates and names, in the reader's own locale.

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(undefined, { style: "percent", minimumFractionDigits: 1, maximumFractionDigits: 1 });
const instant = new Intl.DateTimeFormat(undefined, {
  year: "numeric", month: "short", day: "numeric",
  hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short",
});
const short = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const regions = new Intl.DisplayNames(undefined, { type: "region", fallback: "none" });

export const count = (value) => whole.format(value);
export const oneDigit = (value) => tenth.format(value);
export const share = (part, all) => (all > 0 ? percent.format(part / all) : "–");
export const compact = (value) => short.format(value);
export const minute = (ms) => clock.format(ms);
export const day = (ms) => date.format(ms);
export const time = (ms) => instant.format(ms);

/** A duration in words as short as they can be: "8 s", "3 min 5 s", "2 h 4 min", "3 d 1 h". */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days) return `${whole.format(days)} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  if (minutes) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** What to call a flag: {name, symbol}; anything but a known ISO 3166 code stays as it is. */
export function flag(text) {
  const name = /^[A-Z]{2}$/.test(text) ? regions.of(text) : undefined;
  if (!name) return { name: text, symbol: "" };
  const symbol = [...text].map((letter) => String.fromCodePoint(0x1f1a5 + letter.charCodeAt(0)));
  return { name, symbol: symbol.join("") };
}
