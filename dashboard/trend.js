// The past: fetches it, and shows beside each number how it was and how it went.

import * as format from "./format.js";

const HISTORY = new URL("../api/database/vessel-stats-history", import.meta.url);
const TIMEOUT_MS = 5_000;

/** The history of a range ("1h", "24h", "7d", "30d"), or null where it can't be had now. */
export async function fetchHistory(range) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await fetch(`${HISTORY}?range=${range}`, { cache: "no-cache", signal });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

const BEFORE_MS = { hourBefore: 3_600_000, dayBefore: 86_400_000 };
// Samples come once a minute, and the history with them a minute after that.
const TOLERANCE_MS = 300_000;

/** Shows, on each card, the change against an hour and a day before and the last 24 hours. */
export function cards(stats, history) {
  for (const card of document.querySelectorAll(".card")) {
    const key = card.dataset.key;
    for (const place of card.querySelectorAll("[data-ago]")) {
      change(place, key, stats[key], before(stats, history, place.dataset.ago)?.[key]);
    }
    sparkline(card.querySelector(".spark"), history.time, history[key]);
  }
}

/** The sample to compare with; none where it is of another time, as after a sleep of the computer. */
function before(stats, history, ago) {
  const sample = history.compare[ago];
  const off = Date.parse(sample?.sampledAt) - (Date.parse(stats.updatedAt) - BEFORE_MS[ago]);
  return Math.abs(off) <= TOLERANCE_MS ? sample : null;
}

function change(place, key, now, before) {
  // Nothing to compare, or with nothing: a silent feed is no decline.
  if (before === undefined || before === null || now === 0) {
    set(place, "–", "");
    return;
  }
  const speed = key === "speedAvg";
  const difference = speed ? Math.round((now - before) * 10) / 10 : now - before;
  if (difference === 0) {
    set(place, "no change", "");
    return;
  }
  const size = Math.abs(difference);
  const amount = speed ? `${format.oneDigit(size)} kn` : format.count(size);
  const part = !speed && before > 0 ? ` (${format.share(size, before)})` : "";
  set(place, `${amount}${part}`, difference > 0 ? "up" : "down");
}

function set(place, words, direction) {
  const sign = { up: "▲ ", down: "▼ " }[direction];
  const spoken = { up: "up ", down: "down ", "": "" }[direction];
  if (place.dataset.words === spoken + words) return;
  place.dataset.words = spoken + words;
  place.dataset.direction = direction;
  if (direction === "") {
    place.textContent = words;
    return;
  }
  const shown = document.createElement("span");
  shown.ariaHidden = "true";
  shown.textContent = sign + words;
  const read = document.createElement("span");
  read.className = "visually-hidden";
  read.textContent = spoken + words;
  place.replaceChildren(shown, read);
}

// Wider than a step and a half between two samples is a gap, whatever lies between.
function sparkline(svg, time, values) {
  const known = values.filter((value) => value !== null);
  const [line, area] = [svg.querySelector(".line"), svg.querySelector(".area")];
  svg.toggleAttribute("data-empty", known.length < 2);
  if (known.length < 2) {
    line.setAttribute("d", "");
    area.setAttribute("d", "");
    return;
  }
  // At least a tenth of the value from bottom to top, so that trifles don't look like a storm.
  const [bottom, top] = [Math.min(...known), Math.max(...known)];
  const span = Math.max(top - bottom, top / 10);
  const least = (top + bottom - span) / 2;
  const [start, end] = [time[0], time[time.length - 1]];
  const x = (at) => ((240 * (at - start)) / (end - start || 1)).toFixed(1);
  const y = (value) => (41 - (38 * (value - least)) / (span || 1)).toFixed(1);
  const pieces = [];
  let piece = null;
  values.forEach((value, index) => {
    if (value === null) piece = null;
    else if (piece === null) pieces.push((piece = [[x(time[index]), y(value)]]));
    else piece.push([x(time[index]), y(value)]);
  });
  const path = (points) => "M" + points.map((point) => point.join(" ")).join("L");
  line.setAttribute("d", pieces.map(path).join(""));
  area.setAttribute("d", pieces.map((p) => `${path(p)}L${p[p.length - 1][0]} 44L${p[0][0]} 44Z`).join(""));
}
