// The past of an area, in the dialog with its vessels: the vessels that were heard in it, hour by hour for seven days.

import * as format from "./format.js";
import { hourChart } from "./hour-chart.js";
import { inWords } from "./range.js";
import { say } from "./words.js";

const API = new URL("../api/database/vessel-activity/areas/history", import.meta.url);
const RANGE = "7d";
const TIMEOUT_MS = 5_000;

let place = null;
let chart = null;
let shown = null; // {times, values} of the area
let asked = 0; // counts the areas, so that a late answer is left alone

/** Shows an area in the dialog; null: there is no area to show. */
export async function showArea(dialog, area) {
  const number = ++asked;
  place ??= make(dialog);
  place.hidden = true;
  if (area === null) return;
  const query = new URLSearchParams({ area, range: RANGE });
  const answer = await fetch(`${API}?${query}`, { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT_MS) })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  // Without its past, the list of the vessels is there all the same.
  if (number !== asked || !answer?.activeLastHour.some((value) => value !== null)) return;
  place.hidden = false;
  shown = { times: answer.times.map((time) => Date.parse(time)), values: answer.activeLastHour };
  chart ??= hourChart(
    place.querySelector(".hours-place"),
    { title: "area-past-title", summary: "area-past-summary" },
    readOut,
  );
  place.querySelector("#area-past-summary").textContent = inWordsAll();
  chart.show({ times: shown.times, layers: [{ kind: "1", tile: "", values: shown.values }] });
}

function make(dialog) {
  const section = document.createElement("section");
  section.className = "area-past";
  section.innerHTML = `<h3 id="area-past-title">${say("lineActiveLastHour")} · ${inWords(RANGE)}</h3>
    <div class="hours-place"></div><p class="reading" aria-live="off"></p>
    <p class="visually-hidden" id="area-past-summary"></p>`;
  dialog.querySelector("header").after(section);
  return section;
}

const vessels = (number) => say("vesselCount", { n: format.count(number) }, number);

function inWordsAll() {
  const known = shown.values.filter((value) => value !== null);
  const [least, most, newest] = [Math.min(...known), Math.max(...known), known.at(-1)].map(format.count);
  return say("summaryHeard", { range: inWords(RANGE), least, most, newest });
}

/** Writes the number of an hour under the chart; without an hour that of the newest one. */
function readOut(index, isByKey) {
  const at = index ?? shown.values.findLastIndex((value) => value !== null);
  const number = shown.values[at];
  const reading = place.querySelector(".reading");
  reading.ariaLive = isByKey ? "polite" : "off";
  const values = number === null ? say("unknown") : vessels(number);
  reading.textContent = say("reading", { time: format.dateAndTime(shown.times[at]), values });
}
