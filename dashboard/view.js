// Puts numbers and states on the page. Knows nothing of where they come from.
// What the server puts into the page beforehand (first_paint.py) is the same, so that nothing jumps.

import * as format from "./format.js";

const element = (id) => document.getElementById(id);
const UNKNOWN = "–";
const TITLE = document.title;

/**
 * Shows one answer.
 *
 * A count of zero is shown as unknown where nothing has been heard at all: whether vessels are
 * under way can't be told from a feed that is silent.
 */
export function numbers(stats) {
  const heard = (value) => (value > 0 ? format.count(value) : UNKNOWN);
  text("activeNow", heard(stats.activeNow));
  text("activeLastHour", heard(stats.activeLastHour));
  text("activeLast24h", heard(stats.activeLast24h));
  text("positionsLastHour", heard(stats.positionsLastHour));
  text("positionsPerSecond", stats.positionsLastHour > 0 ? format.oneDigit(stats.positionsLastHour / 3600) : UNKNOWN);
  // The mean of no speeds is no speed.
  text("speedAvg", stats.speedAvg > 0 ? format.oneDigit(stats.speedAvg) : UNKNOWN);
  text("totalVessels", heard(stats.totalVessels));
  text("activeShare", stats.activeNow > 0 ? format.share(stats.activeNow, stats.activeLast24h) : UNKNOWN);
  text("as-of", format.time(Date.parse(stats.updatedAt)));
  element("as-of").dateTime = stats.updatedAt;
  const types = Object.entries(stats.vesselTypes).map(([name, count]) => ({ name, count, symbol: "" }));
  const flags = stats.topFlags.map(({ flag, count }) => ({ ...format.flag(flag), count }));
  // Not "Other" alone: that is a vessel type of AIS.
  bars("types", types, stats.totalVessels, "Other types");
  bars("flags", flags, stats.totalVessels, "Other flags");
}

/** Shows the state of things: {name, label, banner, mode, age}. Banner null hides it. */
export function state({ name, label, banner, mode, age }) {
  document.body.dataset.state = name;
  text("state", label);
  // All that is seen of a page in the background.
  document.title = banner === null ? TITLE : `${label} – ${TITLE}`;
  text("age", age === null ? UNKNOWN : format.duration(age));
  text("mode", mode);
  element("banner").hidden = banner === null;
  text("banner-text", banner ?? "");
}

/** Tells a screen reader what has changed; called on changes of state only, not on numbers. */
export function announce(sentence) {
  text("announcer", sentence);
}

/** Says what the chart can't show; "" where there is nothing to say. */
export function missing(sentence) {
  if (sentence && element("missing").textContent !== sentence) announce(sentence);
  text("missing", sentence);
}

/** Marks the page as showing a simulated fleet. */
export function simulated(yes) {
  element("simulated").hidden = !yes;
}

function bars(id, rows, total, rest) {
  const sorted = rows.sort((a, b) => b.count - a.count);
  const others = total - sorted.reduce((sum, row) => sum + row.count, 0);
  if (others > 0) sorted.push({ name: rest, count: others, symbol: "", other: true });
  const list = element(id);
  while (list.children.length > sorted.length) list.lastChild.remove();
  while (list.children.length < sorted.length) list.append(element("bar").content.cloneNode(true));
  const longest = Math.max(1, ...sorted.map((row) => row.count));
  sorted.forEach((row, index) => fill(list.children[index], row, total, longest));
}

function fill(item, row, total, longest) {
  item.className = row.other ? "other" : "";
  const put = (name, value) => set(item.querySelector(`.${name}`), value);
  put("symbol", row.symbol);
  put("name", row.name);
  put("count", format.count(row.count));
  put("share", format.share(row.count, total));
  item.querySelector(".name").title = row.name;
  item.querySelector("svg").setAttribute("width", `${((100 * row.count) / longest).toFixed(1)}%`);
}

function text(id, value) {
  set(element(id), value);
}

function set(node, value) {
  if (node.textContent !== value) node.textContent = value;
}
