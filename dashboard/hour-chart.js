// A chart of counts, hour by hour, stacked: its scales, its gaps, and the ways to point at an hour. It is drawn as SVG, so that
// the style sheet gives its colours in each scheme and on paper.

import * as format from "./format.js";
import { say } from "./words.js";
import { scrub } from "./zoom.js";

const SVG = "http://www.w3.org/2000/svg";
const MINUTE_MS = 60_000;
// Steps of the marks below the chart, in minutes. Longer ranges name every second midnight, or fewer.
const MARKS = [180, 360, 720, 1_440];
const MARK_EM = 5;
const DAY = 1_440;
// Tiles that tell areas apart without colours: strokes one way, dots, strokes the other way. "gap" is for hours without a sample.
const TILES = {
  "hours-up": '<path d="M-2 2 2-2M0 8 8 0M6 10 10 6"/>',
  "hours-dots": '<circle cx="2" cy="2" r="1.2"/><circle cx="6" cy="6" r="1.2"/>',
  "hours-down": '<path d="M-2 6 2 10M0 0 8 8M6-2 10 2"/>',
  "hours-gap": '<path d="M-2 2 2-2M0 8 8 0M6 10 10 6"/>',
};

/** Puts the patterns that charts and their legends use onto the page, once. */
export function addPatterns() {
  if (document.getElementById("hours-up")) return;
  const look = document.createElement("link");
  Object.assign(look, { rel: "stylesheet", href: new URL("hour-chart.css", import.meta.url) });
  document.head.append(look);
  const tiles = Object.entries(TILES).map(
    ([id, marks]) => `<pattern id="${id}" width="8" height="8" patternUnits="userSpaceOnUse">${marks}</pattern>`,
  );
  const patterns = `<svg class="visually-hidden hours-patterns" aria-hidden="true"><defs>${tiles.join("")}</defs></svg>`;
  document.body.insertAdjacentHTML("beforeend", patterns);
}

/**
 * Makes a chart and returns its methods.
 *
 * place: an empty element for it; names: ids of what names and what describes it; onRead(index, isByKey): called with the hour
 * that is pointed at, null for none.
 */
export function hourChart(place, names, onRead) {
  addPatterns();
  const chart = { place, onRead, data: null, index: null };
  place.classList.add("hours-chart");
  place.dir = "ltr";
  place.tabIndex = 0;
  place.setAttribute("role", "application");
  place.setAttribute("aria-roledescription", say("chart"));
  place.setAttribute("aria-labelledby", names.title);
  place.setAttribute("aria-describedby", names.summary);
  place.innerHTML = `<div class="hours-scale" aria-hidden="true"></div>
    <svg class="hours-plot" xmlns="${SVG}" preserveAspectRatio="none" aria-hidden="true">
      <g class="hours-gaps"></g><g class="hours-layers"></g><path class="hours-lines"/><rect class="hours-cursor" y="0"/></svg>
    <span class="hours-zone" aria-hidden="true"></span><div class="hours-marks" aria-hidden="true"></div>`;
  chart.plot = place.querySelector(".hours-plot");
  const point = (left) => move(chart, Math.floor((left / chart.plot.clientWidth) * chart.data.times.length), false);
  scrub(chart.plot, (left) => chart.data && point(left));
  // Pointer events, because after a tap the browser also sends the events of a mouse. A finger's reading stays.
  const byMouse = (follow) => (event) => event.pointerType === "mouse" && chart.data && follow(event);
  chart.plot.addEventListener(
    "pointermove",
    byMouse(({ offsetX }) => point(offsetX)),
  );
  chart.plot.addEventListener(
    "pointerleave",
    byMouse(() => move(chart, null, false)),
  );
  place.addEventListener("blur", () => move(chart, null, false));
  place.addEventListener("keydown", (event) => chart.data && keyPressed(chart, event));
  new ResizeObserver(() => draw(chart)).observe(chart.plot);
  return { show: (data) => show(chart, data) };
}

/** Shows data: {times, layers}. times: in ms; layers: [{kind, tile, values}], from the ground up; an unknown value is null. */
function show(chart, data) {
  const at = chart.index === null ? null : chart.data.times[chart.index];
  chart.data = data;
  // The hour that is pointed at stays, and is not read out again.
  const index = data.times.indexOf(at);
  chart.index = index < 0 ? null : index;
  draw(chart);
  chart.onRead(chart.index, false);
}

/** Returns the first index and the one after the last of each run of hours that fulfil a condition. */
export function runsOf(length, isIn) {
  const runs = [];
  for (let index = 0; index < length; index += 1) {
    if (!isIn(index)) continue;
    if (runs.at(-1)?.[1] === index) runs.at(-1)[1] += 1;
    else runs.push([index, index + 1]);
  }
  return runs;
}

/** Returns the gaps between known hours, each as its first index and the one after its last. */
export function gapsOf(values) {
  const isUnknown = (index) => values[index] === null;
  return runsOf(values.length, isUnknown).filter(([from, to]) => from > 0 && to < values.length);
}

function draw(chart) {
  const { place, plot, data } = chart;
  const [width, height] = [plot.clientWidth, plot.clientHeight];
  if (!data || width === 0) return;
  const { times, layers } = data;
  const sums = [times.map(() => 0)];
  for (const { values } of layers) sums.push(values.map((value, index) => sums.at(-1)[index] + value));
  const most = Math.max(1, ...sums.at(-1)) * 1.06;
  const x = (index) => round((width * index) / times.length);
  const y = (value) => round(height * (1 - value / most));
  const known = (index) => layers[0].values[index] !== null;
  const runs = runsOf(times.length, known);

  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const drawn = layers.map(({ kind, tile }, layer) => {
    const path = runs
      .map((run) => band(run, (index) => [sums[layer], sums[layer + 1]].map((line) => y(line[index])), x))
      .join("");
    const above = tile ? `<path d="${path}" fill="url(#${tile})"/>` : "";
    return `<g data-kind="${kind}"><path class="hours-${kind}" d="${path}"/>${above}</g>`;
  });
  plot.querySelector(".hours-layers").innerHTML = drawn.join("");
  const gaps = gapsOf(layers[0].values);
  plot.querySelector(".hours-gaps").innerHTML = gaps
    .map(([from, to]) => `<rect x="${x(from)}" width="${x(to - from)}" height="${height}" fill="url(#hours-gap)"/>`)
    .join("");
  place.dataset.gaps = String(gaps.length);

  const ticks = ticksUpTo(most, height / (2.6 * emOf(place)));
  const scale = place.querySelector(".hours-scale");
  scale.replaceChildren(...ticks.map((value) => label(format.compact(value), "insetBlockEnd", (100 * value) / most)));
  const step = times[1] - times[0];
  const marks = marksOf(times, step, width / (MARK_EM * emOf(place)));
  const across = (ms) => (ms - times[0] + step / 2) / (step * times.length);
  place
    .querySelector(".hours-marks")
    .replaceChildren(...marks.map(({ at, text }) => label(text, "left", 100 * across(at))));
  place.querySelector(".hours-zone").textContent = format.zoneName(times.at(-1));
  const upright = marks.map(({ at }) => `M${round(width * across(at))} ${height}v-${height}`);
  const level = ticks.map((value) => `M0 ${y(value)}H${width}`);
  plot.querySelector(".hours-lines").setAttribute("d", [...level, ...upright].join(""));
  drawCursor(chart);
}

const round = (value) => Math.round(value * 10) / 10;
const emOf = (element) => parseFloat(getComputedStyle(element).fontSize);

/** Returns the path of a layer over a run of hours. Each hour has a step: nothing is known between two of them. */
function band([from, to], edges, x) {
  let [above, below] = ["", ""];
  for (let index = from; index < to; index += 1) {
    const [lower, upper] = edges(index);
    above += `V${upper}H${x(index + 1)}`;
    below = `V${lower}H${x(index)}${below}`;
  }
  return `M${x(from)} ${edges(from)[0]}${above}${below}Z`;
}

/** Returns the values of the scale: whole ones, at most so many. */
function ticksUpTo(most, number) {
  let step = 1;
  for (let power = 1; most / step > Math.max(2, number); power *= 10) {
    step = [power, 2 * power, 5 * power].find((each) => most / each <= Math.max(2, number)) ?? 10 * power;
  }
  return Array.from({ length: Math.floor(most / step) + 1 }, (_, index) => index * step);
}

/** Returns the marks below the chart: round hours, and midnights with their date. */
function marksOf(times, step, number) {
  const [first, last] = [times[0] - step / 2, times.at(-1) + step / 2];
  const minutes = MARKS.find((each) => (last - first) / MINUTE_MS / each <= number) ?? DAY;
  const found = [];
  for (let at = times[0]; ; at += 0.7 * minutes * MINUTE_MS) {
    // Twice, for a clock that is changed on the way.
    for (let turn = 0; turn < 2; turn += 1) {
      const past = format.minuteOfDay(at) % minutes;
      at = Math.ceil(at / MINUTE_MS) * MINUTE_MS + ((minutes - past) % minutes) * MINUTE_MS;
    }
    if (at >= last) break;
    found.push({ at, text: format.isMidnight(at) ? format.date(at) : format.clockTime(at) });
  }
  const every = Math.ceil(found.length / number);
  // A mark at the edge would have its words cut off.
  const edge = (last - first) / number / 3;
  return found.filter(({ at }, index) => index % every === 0 && at - first > edge && last - at > edge);
}

function label(text, side, percent) {
  const made = document.createElement("span");
  made.textContent = text;
  made.style[side] = `${percent}%`;
  return made;
}

// --- the hour that is pointed at ---

function move(chart, index, isByKey) {
  if (index === chart.index && !isByKey) return;
  chart.index = index === null ? null : Math.min(chart.data.times.length - 1, Math.max(0, index));
  drawCursor(chart);
  chart.onRead(chart.index, isByKey);
}

function drawCursor({ plot, data, index }) {
  const cursor = plot.querySelector(".hours-cursor");
  cursor.toggleAttribute("hidden", index === null);
  if (index === null) return;
  const wide = plot.clientWidth / data.times.length;
  const width = Math.max(2, wide);
  cursor.setAttribute("x", (index + 0.5) * wide - width / 2);
  cursor.setAttribute("width", width);
  cursor.setAttribute("height", plot.clientHeight);
}

function keyPressed(chart, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const last = chart.data.times.length - 1;
  const step = event.shiftKey ? 10 : 1;
  // The first arrow key finds the newest hour.
  const at = chart.index ?? last + (event.key === "ArrowLeft" ? step : 0);
  const to = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
  if (event.key === "Escape") move(chart, null, false);
  if (to === undefined) return;
  event.preventDefault();
  move(chart, to, true);
}
