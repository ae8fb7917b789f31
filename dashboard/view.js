// Puts numbers and states on the page. This file knows nothing about where they come from.
// The server writes the same words into the page (first_paint.py), so nothing moves when this script runs.

import * as format from "./format.js";
import { inWords } from "./range.js";
import { say, typeName } from "./words.js";

const element = (id) => document.getElementById(id);
const UNKNOWN = "–";
const TITLE = document.title;

// In these states the numbers are old, and "live updates" beside them would be a contradiction.
const OLD = ["lost", "failing", "missing", "ahead", "stale", "broken"];
const COUNTS = ["activeNow", "activeLastHour", "activeLast24h", "positionsLastHour"];
// The words under a number, which depend on it: "1 vessel", "2 vessels".
const NOTES = { heardNow: "activeNow", heardLastHour: "activeLastHour", heardLast24h: "activeLast24h" };

/** Returns whether the fleet is known to be empty. */
export const isEmpty = (stats) => stats.totalVessels === 0 && stats.activeLast24h === 0;

/**
 * Shows one answer.
 *
 * A count of zero is shown as unknown if no position has come in: a silent feed does not tell
 * whether vessels are under way. An empty fleet is known to be empty.
 */
export function showNumbers(stats) {
  const isKnown = (value) => value > 0 || isEmpty(stats);
  for (const key of COUNTS) setText(key, isKnown(stats[key]) ? format.count(stats[key]) : UNKNOWN);
  for (const [id, key] of Object.entries(NOTES)) setText(id, say(id, {}, stats[key] || undefined));
  // An average of 0 means that no speed was reported.
  setText("speedAvg", stats.speedAvg > 0 ? format.oneDecimal(stats.speedAvg) : UNKNOWN);
  setText("totalVessels", format.count(stats.totalVessels));
  setText("activeShare", stats.activeNow > 0 ? format.share(stats.activeNow, stats.activeLast24h) : UNKNOWN);
  setText("as-of", format.dateAndTime(Date.parse(stats.updatedAt)));
  element("as-of").dateTime = stats.updatedAt;
  const types = Object.entries(stats.vesselTypes).map(([name, count]) => ({ name: typeName(name), count, symbol: "" }));
  const flags = stats.topFlags.map(({ flag, count }) => ({ ...format.flag(flag), count }));
  // Not "Other" alone, which is a vessel type of AIS.
  showBars("types", types, stats.totalVessels, say("otherTypes"));
  showBars("flags", flags, stats.totalVessels, say("otherFlags"));
}

/** Shows what is known of the feed; null: nothing. age: of the newest report, in ms; null: there is none. */
export function showFeed(feed, age) {
  const reports = feed?.reportsLastMinute ?? null;
  setText("positionsPerSecond", reports === null ? UNKNOWN : format.oneDecimal(reports / 60));
  setText("newest", age === null ? UNKNOWN : format.duration(age));
}

/** Shows the state of the page. banner: the sentences to show, null for no banner; age: of the numbers, in ms. */
export function showState({ name, label, banner, mode, age }) {
  document.body.dataset.state = name;
  setText("state", label);
  // The title is all that can be seen of a page in the background.
  document.title = banner === null ? TITLE : `${label} – ${TITLE}`;
  setText("age", age === null ? UNKNOWN : format.duration(age));
  setText("mode", OLD.includes(name) ? "" : mode);
  element("banner").hidden = banner === null;
  setText("banner-text", banner ?? "");
}

/** Tells a screen reader about a change. Called when the state changes, not when numbers do. */
export function announce(sentence) {
  setText("announcer", sentence);
}

/** Shows the time of a wall screen. ms: by the server's clock. */
export function showClock(ms) {
  setText("utc", format.utcTime(ms));
}

/** Names the range of the chart in its title. range: "24h", or null if there is no chart yet. */
export function showRange(range) {
  setText("trend-range", range === null ? "" : inWords(range));
}

/** Shows a notice above the chart; "" removes it. */
export function showChartNotice(sentence) {
  if (sentence && element("chart-notice").textContent !== sentence) announce(sentence);
  setText("chart-notice", sentence);
}

/** Shows or hides the badge that says that the fleet is simulated. */
export function showSimulated(isSimulated) {
  element("simulated").hidden = !isSimulated;
}

/** Fills a list, with the largest row first. Vessels of the total that are in no row get a row at the end. */
function showBars(id, rows, total, othersName) {
  const sorted = rows.sort((a, b) => b.count - a.count);
  const others = total - sorted.reduce((sum, row) => sum + row.count, 0);
  if (others > 0) sorted.push({ name: othersName, count: others, symbol: "", isOthers: true });
  const list = element(id);
  while (list.children.length > sorted.length) list.lastChild.remove();
  while (list.children.length < sorted.length) list.append(element("bar").content.cloneNode(true));
  for (const [index, row] of sorted.entries()) fillBar(list.children[index], row, total);
}

/** Fills a row of a list. A full bar is the whole fleet. */
function fillBar(item, row, total) {
  item.className = row.isOthers ? "other" : "";
  const set = (name, value) => setContent(item.querySelector(`.${name}`), value);
  set("symbol", row.symbol);
  const shown = format.plainName(row.name);
  set("name", shown);
  set("count", format.count(row.count));
  set("share", format.share(row.count, total));
  item.querySelector(".name").title = shown;
  item.querySelector("svg").setAttribute("width", `${(total > 0 ? (100 * row.count) / total : 0).toFixed(1)}%`);
}

function setText(id, value) {
  setContent(element(id), value);
}

function setContent(node, value) {
  if (node.textContent !== value) node.textContent = value;
}
