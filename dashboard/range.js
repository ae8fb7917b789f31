// The ranges of the chart: "24h", or two instants with a slash between them, as after zooming in.

import * as format from "./format.js";
import { say } from "./words.js";

/** The ranges that have a button. */
export const NAMES = ["1h", "24h", "7d", "30d", "1y"];
const MINUTE_MS = 60_000;
// A sample is taken once a minute, so a shorter range shows nothing.
const SHORTEST_MS = 5 * MINUTE_MS;
// The server answers for five years.
const LONGEST_MS = 1_825 * 86_400_000;
const INSTANTS = /^[\d-]+T[\d:]+Z\/[\d-]+T[\d:]+Z$/;

const toMinute = (ms) => `${new Date(ms).toISOString().slice(0, 16)}Z`;

/** Returns the two instants of a range in ms; [] if it has a name. */
export const instantsOf = (range) =>
  range.includes("/") ? range.split("/").map((instant) => Date.parse(instant)) : [];

/** Returns the range between two instants in ms, in whole minutes, neither too short nor in the future. */
export function between(from, to, now) {
  const last = Math.ceil(now / MINUTE_MS) * MINUTE_MS;
  const length = Math.min(LONGEST_MS, Math.max(SHORTEST_MS, to - from));
  const end = Math.min(last, Math.ceil((from + to + length) / 2 / MINUTE_MS) * MINUTE_MS);
  return `${toMinute(Math.floor((end - length) / MINUTE_MS) * MINUTE_MS)}/${toMinute(end)}`;
}

/** Returns whether the address may ask for a range. */
export function isRange(range) {
  if (NAMES.includes(range)) return true;
  if (!INSTANTS.test(range ?? "")) return false;
  const [from, to] = instantsOf(range);
  return from < to && to - from <= LONGEST_MS;
}

/** Returns the query that asks the server for a range. */
export function queryOf(range) {
  const [from, to] = range.split("/");
  return to ? `?from=${from}&to=${to}` : `?range=${range}`;
}

/** Returns a range in words. */
export function inWords(range) {
  const [from, to] = instantsOf(range);
  return to ? format.timeSpan(from, to) : say(`range${range}`);
}

/** Returns a range as a part of a file name. */
export const inFileName = (range) => range.replace("/", "-").replaceAll(":", "");
