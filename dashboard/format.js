// Numbers, dates and names, in the reader's own locale: the languages that the browser asks the server for, too.

// Some systems name one that Intl does not know ("en-US@posix"), and Intl would throw at it.
const languages = navigator.languages.filter((tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
});
// Made when first needed: each takes some milliseconds, and the first paint waits for few of them.
const made = {};
const intl = (name, kind, options) => (made[name] ??= new Intl[kind](languages, options));

const oneDecimal = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const instant = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
};
const regions = () => intl("regions", "DisplayNames", { type: "region", fallback: "none" });

export const count = (value) =>
  intl("whole", "NumberFormat", { maximumFractionDigits: 0, useGrouping: "always" }).format(value);
export const oneDigit = (value) => intl("tenth", "NumberFormat", oneDecimal).format(value);
export const share = (part, all) =>
  all > 0 ? intl("percent", "NumberFormat", { style: "percent", ...oneDecimal }).format(part / all) : "–";
// Enough digits for steps of 250 in thousands.
export const compact = (value) =>
  intl("short", "NumberFormat", { notation: "compact", maximumFractionDigits: 3 }).format(value);
export const minute = (ms) => intl("clock", "DateTimeFormat", { hour: "2-digit", minute: "2-digit" }).format(ms);
export const day = (ms) => intl("date", "DateTimeFormat", { day: "numeric", month: "short" }).format(ms);
export const time = (ms) => intl("instant", "DateTimeFormat", instant).format(ms);

/** A duration in words as short as they can be: "8 s", "3 min 5 s", "2 h 4 min", "3 d 1 h". */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days) return `${count(days)} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  if (minutes) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** What to call a flag: {name, symbol}; anything but a known ISO 3166 code stays as it is. */
export function flag(text) {
  const name = /^[A-Z]{2}$/.test(text) ? regions().of(text) : undefined;
  if (!name) return { name: text, symbol: "" };
  const symbol = [...text].map((letter) => String.fromCodePoint(0x1f1a5 + letter.charCodeAt(0)));
  return { name, symbol: symbol.join("") };
}
