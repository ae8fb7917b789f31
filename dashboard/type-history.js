// Active vessels by type, hour by hour, stacked.

import * as format from "./format.js";
import { gapsOf, hourChart } from "./hour-chart.js";
import { inWords } from "./range.js";
import { say, typeName } from "./words.js";

const API = new URL("../api/database/vessel-activity/history", import.meta.url);
// Each range: the words of its button.
const RANGES = { "24h": ["hours", 24], "7d": ["days", 7], "30d": ["days", 30] };
const PARAMETER = "types";
const EMPTY_VALUE = /[=](?=&|$)/g; // ?embed, not ?embed=
// A place has a colour and a pattern: the style sheet has the colours.
const TILES = ["", "hours-dots", "hours-down", "hours-up", "hours-dots", "", "hours-up", ""];
const REST = { kind: "rest", tile: "hours-dots" };
const TIMEOUT_MS = 5_000;
const RETRY_MS = 10_000;
const UNKNOWN = "–";

const places = new Map(); // name of a type -> its place, which it keeps when the range changes
const types = {
  root: null,
  chart: null,
  range: "24h",
  shown: null, // {range, times, layers}: the layers from the ground up, each with its name and its values
  alone: null, // the kind of the only layer drawn
  index: null, // the hour that is pointed at
  timer: 0,
};

/** Puts the chart into its section. */
export function begin(root) {
  types.root = root;
  const chosen = new URLSearchParams(location.search).get(PARAMETER);
  if (Object.hasOwn(RANGES, chosen)) types.range = chosen;
  root.querySelector("header").append(rangeButtons());
  root.insertAdjacentHTML(
    "beforeend",
    `<p class="notice"></p><div class="type-hours"><div></div><ul class="type-legend" aria-label="${say("typesAlone")}"></ul></div>
    <p class="reading" aria-live="off"></p><p class="type-gaps" hidden>${swatch("gap", "hours-gap")}<span></span></p>
    <p class="visually-hidden" id="types-summary"></p>
    <details class="type-table"><summary>${say("table")}</summary>
      <div tabindex="0" role="group" aria-labelledby="types-history-title"></div></details>`,
  );
  const names = { title: "types-history-title", summary: "types-summary" };
  types.chart = hourChart(part(".type-hours > div"), names, readOut);
  part("details").addEventListener("toggle", fillTable);
  part(".type-legend").addEventListener("click", ({ target }) => showAlone(target.closest("button")));
  chooseRange(types.range);
}

/** Fetches the numbers anew while the sample of the newest hour is missing. A document comes with each sample. */
export function show({ asOf }) {
  const hour = Math.floor(Date.parse(asOf) / 3_600_000) * 3_600_000;
  if (types.shown && (types.shown.times[newestKnown()] ?? 0) < hour) fetchHours();
}

const part = (selector) => types.root.querySelector(selector);
const swatch = (kind, tile) =>
  `<svg class="hours-swatch" aria-hidden="true"><rect class="hours-${kind}" width="100%" height="100%"/>${
    tile ? `<rect fill="url(#${tile})" width="100%" height="100%"/>` : ""
  }</svg>`;

function rangeButtons() {
  const group = document.createElement("div");
  Object.assign(group, { className: "group choice", role: "group" });
  group.setAttribute("aria-labelledby", "types-history-title");
  for (const [range, [words, n]] of Object.entries(RANGES)) {
    const button = document.createElement("button");
    Object.assign(button, {
      type: "button",
      textContent: say(words, { n: format.count(n) }),
      ariaLabel: inWords(range),
    });
    button.dataset.range = range;
    button.addEventListener("click", () => changeRange(range));
    group.append(button);
  }
  return group;
}

/** Shows another range, and keeps it in the address. */
function changeRange(range) {
  const address = new URL(location);
  if (range === "24h") address.searchParams.delete(PARAMETER);
  else address.searchParams.set(PARAMETER, range);
  address.search = address.search.replace(EMPTY_VALUE, "");
  history.replaceState(null, "", address);
  chooseRange(range);
}

function chooseRange(range) {
  types.range = range;
  for (const button of part(".choice").children) button.ariaPressed = String(button.dataset.range === range);
  fetchHours();
}

async function fetchHours() {
  clearTimeout(types.timer);
  const { range } = types;
  const answer = await fetch(`${API}?range=${range}`, { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT_MS) })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  // The reader has chosen another range meanwhile.
  if (range !== types.range) return;
  if (answer) showHours(answer);
  const shown = types.shown?.range;
  const instead = shown ? say("stillShows", { range: inWords(shown) }) : say("noChart");
  // The past does not change: what is shown of the same range stays true.
  part(".notice").textContent = answer || shown === range ? "" : say("notLoaded", { range: inWords(range), instead });
  if (!answer) types.timer = setTimeout(fetchHours, RETRY_MS);
}

function showHours({ range, times, types: lines }) {
  const named = lines.filter(({ name }) => name !== null);
  const alone = types.shown?.layers.find(({ kind }) => kind === types.alone);
  keepPlaces(named.map(({ name }) => name));
  const layers = lines.map(layerOf);
  // Further types are a layer if there are any. Without any type, their layer tells which hours are known.
  const hasRest = named.length === 0 || layers.at(-1).values.some((value) => value > 0);
  types.shown = { range, times: times.map((time) => Date.parse(time)), layers: hasRest ? layers : layers.slice(0, -1) };
  types.alone = (alone && types.shown.layers.find(({ name }) => name === alone.name)?.kind) ?? null;
  drawLegend();
  drawChart();
  describe();
  fillTable();
}

/** Gives each type a place. A type that had one keeps it, so that it keeps its colour. */
function keepPlaces(names) {
  for (const name of places.keys()) if (!names.includes(name)) places.delete(name);
  const free = [...TILES.keys()].filter((place) => ![...places.values()].includes(place));
  for (const name of names) if (!places.has(name)) places.set(name, free.shift());
}

function layerOf({ name, activeLastHour: values }) {
  if (name === null) return { ...REST, name, label: say("otherTypes"), values };
  const place = places.get(name);
  return { kind: String(place + 1), tile: TILES[place], name, label: format.plainName(typeName(name)), values };
}

function drawChart() {
  const { times, layers } = types.shown;
  types.chart.show({ times, layers: layers.filter(({ kind }) => types.alone === null || kind === types.alone) });
}

/** Shows one type alone, on the ground line. The same button shows all again. */
function showAlone(button) {
  if (!button) return;
  types.alone = button.ariaPressed === "true" ? null : button.dataset.kind;
  for (const each of part(".type-legend").querySelectorAll("button")) {
    each.ariaPressed = String(each.dataset.kind === types.alone);
  }
  drawChart();
}

function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

/** Lists the types as they lie upon each other. Buttons that stay keep the focus. */
function drawLegend() {
  const list = part(".type-legend");
  const layers = types.shown.layers.toReversed();
  while (list.children.length > layers.length) list.lastChild.remove();
  while (list.children.length < layers.length) list.append(make("li", {}, make("button", { type: "button" })));
  for (const [index, { kind, tile, label }] of layers.entries()) {
    const button = list.children[index].firstChild;
    button.dataset.kind = kind;
    button.ariaPressed = String(kind === types.alone);
    button.innerHTML = swatch(kind, tile);
    button.append(make("bdi", { className: "name", textContent: label }), make("span", { className: "count" }));
  }
}

const isKnown = (index) => types.shown.layers[0].values[index] !== null;
const newestKnown = () => types.shown.times.findLastIndex((_, index) => isKnown(index));
const countAt = ({ values }, index) => (index < 0 || values[index] === null ? UNKNOWN : format.count(values[index]));

/** Returns all vessels of an hour in words. */
function totalAt(index) {
  if (!isKnown(index)) return say("unknown");
  const total = types.shown.layers.reduce((sum, { values }) => sum + values[index], 0);
  return say("vesselCount", { n: format.count(total) }, total);
}

const valuesAt = (index) => types.shown.layers.map((layer) => `${layer.label} ${countAt(layer, index)}`).join(" · ");

/** Writes the numbers of an hour: under the chart and in the legend; without an hour those of the newest one. */
function readOut(index, isByKey) {
  types.index = index;
  const reading = part(".reading");
  const at = index ?? newestKnown();
  for (const count of part(".type-legend").querySelectorAll("button")) {
    const layer = types.shown.layers.find(({ kind }) => kind === count.dataset.kind);
    count.lastChild.textContent = countAt(layer, at);
  }
  reading.ariaLive = isByKey ? "polite" : "off";
  if (at < 0) {
    reading.textContent = say("noSamples");
    return;
  }
  const time = format.dateAndTime(types.shown.times[at]);
  const words = say("reading", { time, values: totalAt(at) });
  if (index === null) reading.textContent = `${words} · ${say("howToRead")}`;
  // The eye finds the types in the legend.
  else if (isKnown(at)) {
    reading.replaceChildren(words, make("span", { className: "visually-hidden", textContent: ` · ${valuesAt(at)}` }));
  } else reading.textContent = words;
}

/** Says below the chart how many hours have no sample, and tells the chart in words for a screen reader. */
function describe() {
  const { range, layers } = types.shown;
  const missing = gapsOf(layers[0].values).reduce((sum, [from, to]) => sum + to - from, 0);
  const note = part(".type-gaps");
  note.hidden = missing === 0;
  note.lastChild.textContent = say("hoursMissing", { n: format.count(missing) }, missing);
  const at = newestKnown();
  const spoken = { range: inWords(range), values: at < 0 ? "" : valuesAt(at) };
  part("#types-summary").textContent = at < 0 ? say("summaryEmpty", spoken) : say("typesSummary", spoken);
}

/** Fills the table if it is open, the newest hour first. */
function fillTable() {
  const frame = part(".type-table > div");
  if (!(part("details").open && types.shown)) {
    frame.replaceChildren();
    return;
  }
  const { times, layers } = types.shown;
  const head = (text) => make("th", { scope: "col" }, make("bdi", { textContent: text }));
  const rows = times.map((time, index) => {
    const total = isKnown(index) ? format.count(layers.reduce((sum, { values }) => sum + values[index], 0)) : UNKNOWN;
    const cells = [total, ...layers.map((layer) => countAt(layer, index))];
    const hour = make("th", { scope: "row", textContent: format.dateAndTime(time) });
    return make("tr", {}, hour, ...cells.map((textContent) => make("td", { textContent })));
  });
  frame.replaceChildren(
    make(
      "table",
      {},
      make(
        "thead",
        {},
        make("tr", {}, ...[say("hour"), say("allTypes"), ...layers.map(({ label }) => label)].map(head)),
      ),
      make("tbody", {}, ...rows.toReversed()),
    ),
  );
}
