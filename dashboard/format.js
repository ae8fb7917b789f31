// Writes numbers, dates and names in the reader's languages. The browser sends the same languages to the server.

import { language, say, typeName } from "./words.js";

// The server names the language of numbers if the address has named one (?lang=). Else numbers follow the reader's own
// languages, also those that have no words here.
// Some systems have a language that Intl does not know ("en-US@posix"). Intl would throw an error.
const named = document.documentElement.dataset.numbers;
const numberLanguages = (named ? [named] : navigator.languages).filter((tag) => {
  try {
    return Intl.getCanonicalLocales(tag).length > 0;
  } catch {
    return false;
  }
});
// Each formatter takes some milliseconds to make, so it is made when first needed. The first paint needs only a few.
const formatters = {};

function formatter(name, kind, options, languages = language) {
  formatters[name] ??= new Intl[kind](languages, options);
  return formatters[name];
}

const parameters = new URLSearchParams(location.search);

/** The time zone that the address names (?tz=utc, ?tz=Europe/Oslo); undefined: the one of the computer. */
export const timeZone = isZone(parameters.get("tz")) ? parameters.get("tz") : undefined;

function isZone(name) {
  try {
    return Boolean(name && new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false;
  }
}

const numbers = (name, options) => formatter(name, "NumberFormat", options, numberLanguages);
const dates = (name, options) => formatter(name, "DateTimeFormat", { timeZone, ...options });

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
const SPAN = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" };
const COUNTRY_CODE = /^[A-Z]{2}$/;

// Characters that change the direction of the text after them. In a name they can turn "evil" into "live".
const DIRECTING = /[\u202a-\u202e\u2066-\u2069]/g;

export const count = (value) => numbers("count", { maximumFractionDigits: 0, useGrouping: "always" }).format(value);
export const oneDecimal = (value) => numbers("oneDecimal", ONE_DECIMAL).format(value);
export const share = (part, total) =>
  total > 0 ? numbers("share", { style: "percent", ...ONE_DECIMAL }).format(part / total) : "–";
// Three decimals are enough for steps of 250 in thousands.
export const compact = (value) => numbers("compact", { notation: "compact", maximumFractionDigits: 3 }).format(value);
export const clockTime = (ms) => dates("clockTime", { hour: "2-digit", minute: "2-digit" }).format(ms);
export const date = (ms) => dates("date", { day: "numeric", month: "short" }).format(ms);
export const dateAndTime = (ms) => dates("dateAndTime", DATE_AND_TIME).format(ms);
/** Returns the time of day in UTC, for the clock of a wall screen. */
export const utcTime = (ms) =>
  `${formatter("utcTime", "DateTimeFormat", { timeStyle: "medium", hourCycle: "h23", timeZone: "UTC" }).format(ms)} UTC`;

/** Returns the short name of the time zone at an instant: "CET", "UTC". */
export const zoneName = (ms) =>
  dates("zoneName", { timeZoneName: "short" })
    .formatToParts(ms)
    .find(({ type }) => type === "timeZoneName").value;

/** Returns the minute of the day of an instant in the time zone, from 0 to 1,439. */
export function minuteOfDay(ms) {
  const options = { timeZone, timeStyle: "short", hourCycle: "h23" };
  const [hour, minute] = formatter("minuteOfDay", "DateTimeFormat", options, "en").format(ms).split(":");
  return 60 * hour + Number(minute);
}

/** Returns whether an instant is a midnight of the time zone. */
export const isMidnight = (ms) => minuteOfDay(ms) === 0;

export const knots = (value) => say("knots", { n: oneDecimal(value) });

/** Returns a name from the data as it is shown: characters that would turn the words around it are made visible. */
export const plainName = (text) => text.replace(DIRECTING, "\ufffd");

const UNITS = [
  ["days", 86400],
  ["hours", 3600],
  ["minutes", 60],
  ["seconds", 1],
];

/** Returns a duration in its two largest units: "8 s", "3 min 5 s", "2 h 4 min", "3 d 1 h". */
export function duration(ms) {
  let rest = Math.max(0, Math.floor(ms / 1000));
  const parts = [];
  for (const [unit, seconds] of UNITS) {
    const n = Math.floor(rest / seconds);
    rest -= n * seconds;
    if (n > 0 || parts.length > 0 || seconds === 1) parts.push(say(unit, { n: count(n) }));
  }
  return parts.slice(0, 2).join(" ");
}

/** Returns the {name, symbol} of a flag. A text that is no known ISO 3166 code is its own name, without a symbol. */
export function flag(text) {
  const options = { type: "region", fallback: "none" };
  const country = COUNTRY_CODE.test(text) ? formatter("flag", "DisplayNames", options).of(text) : undefined;
  // A flag state that is not known is called so, as a type is.
  if (!country) return { name: text === "Unknown" ? typeName(text) : text, symbol: "" };
  const symbol = [...text].map((letter) => String.fromCodePoint(0x1f1a5 + letter.charCodeAt(0)));
  return { name: country, symbol: symbol.join("") };
}

/** Returns the time between two instants as "31 Jan, 12:00 – 13:30"; with the year if it is more than a day. */
export const timeSpan = (from, to) =>
  to - from > 86_400_000
    ? dates("longSpan", { ...SPAN, year: "numeric" }).formatRange(from, to)
    : dates("span", SPAN).formatRange(from, to);
