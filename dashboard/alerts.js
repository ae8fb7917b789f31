// The alerts that are open.

import * as format from "./format.js";
import * as view from "./view.js";
import { ruleName, say } from "./words.js";

const SIGNS = { above: ">", below: "<" };
const SECONDS = "_seconds";
const DAY_MS = 86_400_000;

let section;
let shown = new Set();

/** Takes the section that the alerts are shown in. */
export function begin(root) {
  section = root;
}

/** Shows the open alerts, the newest first; hides the section if there are none. A new one is told to screen readers. */
export function show({ alerts = [] }) {
  const open = new Set(alerts.map(keyOf));
  const added = alerts.filter((alert) => !shown.has(keyOf(alert)));
  shown = open;
  section.hidden = alerts.length === 0;
  section.querySelector("ul").replaceChildren(...alerts.map(item));
  if (added.length > 0) view.announce(say("alertRaised", { names: added.map(nameOf).join(", ") }));
}

const keyOf = ({ name, raisedAt }) => `${name}\n${raisedAt}`;

function nameOf({ name, area }) {
  const own = format.plainName(ruleName(name));
  return area === null ? own : `${own} (${format.plainName(area)})`;
}

function item(alert) {
  const row = document.createElement("li");
  const name = document.createElement("bdi");
  name.className = "name";
  name.textContent = nameOf(alert);
  const since = document.createElement("time");
  since.dateTime = alert.since;
  since.textContent = say("alertSince", { time: timeOf(Date.parse(alert.since)) });
  row.append(name, " ", numbers(alert), " ", since);
  return row;
}

// An alert of another day needs its date.
const timeOf = (ms) => (Date.now() - ms < DAY_MS / 2 ? format.clockTime(ms) : format.dateAndTime(ms));

/** Returns the value and what it was compared with, in signs that every language has: "87 < 100". */
function numbers({ figure, comparison, threshold, usualLow, usualHigh, value }) {
  const write = figure.endsWith(SECONDS) ? (seconds) => format.duration(seconds * 1000) : number;
  const place = document.createElement("bdi");
  place.className = "value";
  const limit =
    threshold === null ? say("usualThen", { low: write(usualLow), high: write(usualHigh) }) : write(threshold);
  // How long something is late, or how often it has failed, says enough by itself.
  place.textContent =
    comparison === "above" && threshold === 0 ? write(value) : `${write(value)} ${SIGNS[comparison]} ${limit}`;
  return place;
}

const number = (value) => (Number.isInteger(value) ? format.count(value) : format.oneDecimal(value));
