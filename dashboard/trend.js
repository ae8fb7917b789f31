// The past: fetches it, and shows on each card how its number has changed.

import * as format from "./format.js";
import { queryOf } from "./range.js";
import { say } from "./words.js";

const HISTORY = new URL("../api/database/vessel-stats-history", import.meta.url);
const TIMEOUT_MS = 5_000;

/** Returns the history of a range ("24h", or two instants), or null if the server does not answer with one. */
export async function fetchHistory(range) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${HISTORY}${queryOf(range)}`, { cache: "no-cache", signal });
    return response.ok ? withExtremes(await response.json()) : null;
  } catch {
    return null;
  }
}

/** Adds to a history the minimum and maximum of each step, which the server tells as distances from the value of the step. */
function withExtremes(history) {
  const apart = (distances, sign) =>
    Object.fromEntries(
      Object.entries(distances).map(([key, steps]) => [
        key,
        steps.map((step, n) => (step === null ? null : toHundredths(history[key][n] + sign * step))),
      ]),
    );
  return { ...history, min: apart(history.toMin, -1), max: apart(history.toMax, 1) };
}

const toHundredths = (value) => Math.round(value * 100) / 100;

const BEFORE_MS = { hourBefore: 3_600_000, dayBefore: 86_400_000, weekBefore: 604_800_000 };
// A sample is taken once a minute, and the page fetches the history once a minute.
const TOLERANCE_MS = 300_000;

/** Shows on each card the change since an hour, a day and a week before, and the line of the last 24 hours. */
export function updateCards(stats, history) {
  for (const card of document.querySelectorAll(".card")) {
    const { key } = card.dataset;
    for (const place of card.querySelectorAll("[data-ago]")) {
      showChange(place, key, stats[key], sampleBefore(stats, history, place.dataset.ago)?.[key]);
    }
    drawSparkline(card.querySelector(".spark"), history.time, history[key]);
  }
}

/** Returns the sample to compare with, or null if it is from another time. That happens after the computer slept. */
function sampleBefore(stats, history, ago) {
  const sample = history.compare[ago];
  const off = Date.parse(sample?.sampledAt) - (Date.parse(stats.updatedAt) - BEFORE_MS[ago]);
  return Math.abs(off) <= TOLERANCE_MS ? sample : null;
}

function showChange(place, key, now, before) {
  // A zero now is a silent feed, not a decline.
  if (before === undefined || before === null || now === 0) {
    writeChange(place, "–", "");
    return;
  }
  const isSpeed = key === "speedAvg";
  const difference = isSpeed ? Math.round((now - before) * 10) / 10 : now - before;
  if (difference === 0) {
    writeChange(place, say("noChange"), "");
    return;
  }
  const size = Math.abs(difference);
  const amount = isSpeed ? format.knots(size) : format.count(size);
  const share = !isSpeed && before > 0 ? ` (${format.share(size, before)})` : "";
  writeChange(place, `${amount}${share}`, difference > 0 ? "up" : "down");
}

/** Writes a change with an arrow for the eye and a word for a screen reader. direction: "up", "down" or "". */
function writeChange(place, words, direction) {
  const arrow = { up: "▲ ", down: "▼ " }[direction];
  const spoken = direction === "" ? words : say(direction, { change: words });
  if (place.dataset.words === spoken) return;
  place.dataset.words = spoken;
  if (direction === "") {
    place.textContent = words;
    return;
  }
  const seen = document.createElement("span");
  seen.ariaHidden = "true";
  seen.textContent = arrow + words;
  const heard = document.createElement("span");
  heard.className = "visually-hidden";
  heard.textContent = spoken;
  place.replaceChildren(seen, heard);
}

/** Draws one line for each run of values without a null. */
function drawSparkline(svg, time, values) {
  const measured = values.filter((value) => value !== null);
  const [line, area] = [svg.querySelector(".line"), svg.querySelector(".area")];
  svg.toggleAttribute("data-empty", measured.length < 2);
  if (measured.length < 2) {
    line.setAttribute("d", "");
    area.setAttribute("d", "");
    return;
  }
  // The area stands on zero, so that its height tells the truth.
  const most = Math.max(...measured);
  const [start, end] = [time[0], time.at(-1)];
  const x = (at) => ((240 * (at - start)) / (end - start || 1)).toFixed(1);
  const y = (value) => (44 - (41 * value) / (most || 1)).toFixed(1);
  const runs = [];
  let run = null;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      run = null;
      continue;
    }
    if (run === null) {
      run = [];
      runs.push(run);
    }
    run.push([x(time[index]), y(value)]);
  }
  const path = (points) => `M${points.map((point) => point.join(" ")).join("L")}`;
  line.setAttribute("d", runs.map(path).join(""));
  area.setAttribute("d", runs.map((points) => `${path(points)}L${points.at(-1)[0]} 44L${points[0][0]} 44Z`).join(""));
}
