// Writes numbers, dates and names in the reader's languages. The browser sends the same languages to the server.

// Some systems have a language that Intl does not know ("en-US@posix"). Intl would throw an error.
const languages = navigator.languages.filter((tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
});
// Each formatter takes some milliseconds to make, so it is made when first needed. The first paint needs only a few.
const formatters = {};

function formatter(name, kind, options) {
  formatters[name] ??= new Intl[kind](languages, options);
  return formatters[name];
}

const ONE_DECIMAL = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
const DATE_AND_TIME = {
  year: "numeric",
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  timeZoneName: "short",
};
const COUNTRY_CODE = /^[A-Z]{2}$/;

export const count = (value) =>
  formatter("count", "NumberFormat", { maximumFractionDigits: 0, useGrouping: "always" }).format(value);
export const oneDecimal = (value) => formatter("oneDecimal", "NumberFormat", ONE_DECIMAL).format(value);
export const share = (part, total) =>
  total > 0 ? formatter("share", "NumberFormat", { style: "percent", ...ONE_DECIMAL }).format(part / total) : "–";
// Three decimals are enough for steps of 250 in thousands.
export const compact = (value) =>
  formatter("compact", "NumberFormat", { notation: "compact", maximumFractionDigits: 3 }).format(value);
export const clockTime = (ms) =>
  formatter("clockTime", "DateTimeFormat", { hour: "2-digit", minute: "2-digit" }).format(ms);
export const date = (ms) => formatter("date", "DateTimeFormat", { day: "numeric", month: "short" }).format(ms);
export const dateAndTime = (ms) => formatter("dateAndTime", "DateTimeFormat", DATE_AND_TIME).format(ms);

/** Returns a duration in its two largest units: "8 s", "3 min 5 s", "2 h 4 min", "3 d 1 h". */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (days) return `${count(days)} d ${hours % 24} h`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  if (minutes) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}

/** Returns the {name, symbol} of a flag. A text that is no known ISO 3166 code is its own name, without a symbol. */
export function flag(text) {
  const options = { type: "region", fallback: "none" };
  const name = COUNTRY_CODE.test(text) ? formatter("flag", "DisplayNames", options).of(text) : undefined;
  if (!name) return { name: text, symbol: "" };
  const symbol = [...text].map((letter) => String.fromCodePoint(0x1f1a5 + letter.charCodeAt(0)));
  return { name, symbol: symbol.join("") };
}
