// The large chart (uPlot), and the legend whose buttons switch its lines.

import * as envelope from "./envelope.js";
import * as format from "./format.js";
import * as range from "./range.js";
import { say } from "./words.js";
import { dragging, scrub, watchFingers } from "./zoom.js";

// The lines differ in dash and width too, for readers who do not see colours.
const LINES = [
  { key: "activeNow", label: say("lineActiveNow"), scale: "vessels", colour: "--line-1", width: 2.2 },
  {
    key: "activeLastHour",
    label: say("lineActiveLastHour"),
    scale: "vessels",
    colour: "--line-2",
    width: 2,
    dash: [10, 4],
  },
  {
    key: "activeLast24h",
    label: say("lineActiveLast24h"),
    scale: "vessels",
    colour: "--line-3",
    width: 2,
    dash: [2, 4],
  },
  {
    key: "positionsLastHour",
    label: say("linePositions"),
    scale: "positions",
    colour: "--line-4",
    width: 1.6,
    dash: [14, 4, 2, 4],
  },
  {
    key: "speedAvg",
    label: say("lineSpeed"),
    scale: "speed",
    isSpeed: true,
    colour: "--line-5",
    width: 1.6,
    dash: [5, 5],
  },
];
const SHOWN_AT_FIRST = ["activeNow", "positionsLastHour", "speedAvg"];

const container = document.getElementById("chart");
const legend = document.getElementById("legend");
const reading = document.getElementById("reading");

// Steps of a scale of counts. There is no half vessel.
const WHOLE_STEPS = [1, 2, 5];
for (let power = 10; power < 1e9; power *= 10) WHOLE_STEPS.push(power, 2 * power, 2.5 * power, 5 * power);
// Speeds are written with one decimal.
const KNOT_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
// Steps of a long range. uPlot makes months of those from 30 days on.
const LONG_STEPS = [1, 2, 3, 5, 7, 10, 14, 30, 60, 90, 180, 365].map((days) => days * 86_400);
// A chart narrower than this many times the type has no room for three scales.
const WIDE_EM = 30;

const KEYS = LINES.map((line) => line.key);

let library; // the promise of uPlot
let plot = null;
let shownHistory = null; // the history in the chart
let drawnFor = null; // the range that the chart was made for
let drawnScale = null; // the type scale that the chart was made for
let pointedAt = null; // the time of the sample that the arrow keys have found
let switchedOff = new Set(KEYS.filter((key) => !SHOWN_AT_FIRST.includes(key)));
let onSwitch = null;
let onZoom = null;

const isOn = (line) => !switchedOff.has(line.key);

/** Returns the lines that are switched on, as a list for the address; null if they are the usual ones. */
export function chosenLines() {
  const keys = LINES.filter(isOn).map((line) => line.key);
  return keys.join() === SHOWN_AT_FIRST.join() ? null : keys.join();
}

/**
 * Prepares the legend and the keyboard.
 *
 * list: the keys of the lines to show, null for the usual ones; onSwitch: called when a line is switched; onZoom: called with
 * the two instants, in ms, of a range that was zoomed into, and with null to zoom out.
 */
export function prepare(list, { onSwitch: switched, onZoom: zoomed }) {
  const wanted = KEYS.filter((key) => list?.split(",").includes(key));
  if (wanted.length > 0) switchedOff = new Set(KEYS.filter((key) => !wanted.includes(key)));
  onSwitch = switched;
  onZoom = zoomed;
  legend.append(...LINES.map(legendButton));
  container.addEventListener("keydown", onKey);
  container.addEventListener("pointermove", () => {
    pointedAt = null;
    reading.ariaLive = "off";
  });
  container.addEventListener("blur", stopReading);
  container.addEventListener("dblclick", () => onZoom(null));
  new ResizeObserver(() => {
    if (!plot) return;
    // The type may have another size on another screen.
    if (drawnScale !== typeScale()) {
      draw();
      return;
    }
    plot.setSize(chartSize());
    restoreCursor();
  }).observe(container);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && draw());
  matchMedia("print").addEventListener("change", () => plot && draw());
}

/** Returns the range of the chart, null if there is no chart yet. */
export const drawnRange = () => drawnFor;

/** Shows a history. Its samples may all be null. */
export async function show(history) {
  shownHistory = history;
  document.getElementById("chart-summary").textContent = summaryOf(history);
  library ??= loadLibrary();
  try {
    await library;
  } catch {
    library = undefined; // the next history tries again
    return;
  }
  if (shownHistory !== history) return;
  if (drawnFor !== history.range) {
    draw();
    return;
  }
  // The range is the same, so the chart and its cursor stay.
  plot.batch(() => plot.setData(columns()));
  settle();
}

/** Saves the chart as a PNG file, with its title and its legend. */
export async function download() {
  const { save } = await import("./picture.js");
  if (!plot) return;
  const lines = LINES.filter(isOn).map((line) => ({ ...line, ink: colour(line.colour) }));
  save({ chart: plot.ctx.canvas, history: shownHistory, lines, scale: devicePixelRatio * typeScale() });
}

function loadLibrary() {
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL("uplot/uPlot.min.css", import.meta.url);
  const script = document.createElement("script");
  script.src = new URL("uplot/uPlot.iife.min.js", import.meta.url);
  document.head.append(style, script);
  return new Promise((resolve, reject) => {
    script.onload = resolve;
    script.onerror = reject;
  });
}

function draw() {
  plot?.destroy();
  drawnFor = shownHistory.range;
  drawnScale = typeScale();
  const em = drawnScale;
  const drags = dragging(zoomTo);
  plot = new uPlot(
    {
      ...chartSize(),
      tzDate: inZone,
      padding: [12 * em, 8 * em, 0, 8 * em],
      legend: { show: false },
      cursor: { ...drags.cursor, points: { size: 8 * em }, y: false },
      scales: {
        x: { time: true },
        vessels: fromZero("vessels", 1.08),
        positions: fromZero("positions", 1.5),
        speed: { range: around },
      },
      axes: axes(em),
      series: [{}, ...LINES.map((line) => series(line, em))],
      hooks: {
        setCursor: [({ cursor }) => pointedAt === null && readOut(cursor.idx)],
        setSelect: [drags.setSelect],
        drawClear: [shadeGaps],
        drawAxes: [drawBehind],
        draw: [writeNewest, writeZone],
        ready: [watch],
      },
    },
    columns(),
    container,
  );
  settle();
}

function watch(made) {
  scrub(made.over, (left) => made.setCursor({ left, top: 0 }));
  watchFingers(made, zoomTo);
}

const zoomTo = (from, to) => onZoom(from * 1000, to * 1000);

/** Draws what is usual and how far each step reaches, behind the lines. */
function drawBehind(drawn) {
  const draws = (line) => [drawn, shownHistory, line, colour(line.colour)];
  for (const line of LINES.filter(hasBand)) envelope.drawUsual(...draws(line));
  for (const line of LINES.filter(isOn)) envelope.drawExtremes(...draws(line));
}

// Bands of different scales would lie across each other. So only lines on the scale of the first line have one.
const hasBand = (line) => isOn(line) && line.scale === LINES.find(isOn).scale;

/** Returns the least and the most that is drawn on a scale, with what is behind the lines. */
function extremesOf(scale, least, most) {
  const lines = LINES.filter((line) => line.scale === scale && isOn(line));
  const [lowest = least, highest = most] = envelope.reach(shownHistory, lines, hasBand);
  return [Math.min(least ?? lowest, lowest), Math.max(most ?? highest, highest)];
}

// A scale of counts begins at zero. The room above keeps lines of different scales apart.
const fromZero = (scale, room) => ({
  range: (_u, least, most) => [0, (extremesOf(scale, least, most)[1] || 1) * room],
});

// The mean speed hardly leaves a few knots. From zero it would always be flat. It has no area below it that would say how far
// zero is, and at least 2 kn of room, so that a tenth of a knot is no storm.
function around(_u, leastOfLine, mostOfLine) {
  const [least, most] = extremesOf("speed", leastOfLine, mostOfLine);
  const middle = ((least ?? 0) + (most ?? 0)) / 2;
  const half = Math.max(1, ((most ?? 0) - (least ?? 0)) / 1.6);
  return [Math.max(0, middle - half), middle + half];
}

function axes(em) {
  const axis = (more) => ({
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: em },
    ticks: { show: false },
    font: `${12 * em}px ${fontFamily()}`,
    gap: 8 * em,
    ...more,
  });
  const isUsed = (scale) => LINES.some((line) => line.scale === scale && isOn(line));
  const side = (scale, more) =>
    axis({
      scale,
      // At most about ten values, whatever the height.
      space: () => Math.max(36 * em, chartSize().height / 10),
      incrs: WHOLE_STEPS,
      size: (_, values) => (20 + 7.5 * Math.max(2, ...(values ?? []).map((value) => value.length))) * em,
      values: (_, splits) => splits.map((value) => format.compact(value)),
      show: isUsed(scale),
      ...more,
    });
  const hasRoom = chartSize().width > WIDE_EM * 16 * em || !(isUsed("vessels") || isUsed("positions"));
  // The marks of a long range are midnights, those of a short one are times of the day. A day begins with its date.
  const isLong = shownHistory.stepSeconds > 600;
  const mark = (ms) => (isLong || format.isMidnight(ms) ? format.date(ms) : format.clockTime(ms));
  return [
    axis({
      space: 70 * em,
      size: 34 * em,
      incrs: isLong ? LONG_STEPS : undefined,
      values: (_, splits) => splits.map((at) => mark(at * 1000)),
    }),
    side("vessels", { stroke: colour("--line-1") }),
    side("positions", { side: 1, stroke: colour("--line-4"), grid: { show: false } }),
    side("speed", {
      side: 1,
      stroke: colour("--line-5"),
      grid: { show: false },
      incrs: KNOT_STEPS,
      values: (_, splits) => splits.map(format.knots),
      show: isUsed("speed") && hasRoom,
    }),
  ];
}

const series = (line, em) => ({
  label: line.label,
  scale: line.scale,
  show: isOn(line),
  stroke: colour(line.colour),
  width: line.width * em,
  dash: line.dash?.map((length) => length * em),
  fill: line.key === "activeNow" ? colour("--line-1-area") : undefined,
  spanGaps: false,
  // A sample without neighbours has no line. A point shows it.
  points: { show: true, size: 5 * em, filter: (u, s) => isolated(u.data[s]) },
});

/** Returns the samples as uPlot wants them: the times, and then the values of each line. */
function columns() {
  return [shownHistory.time, ...LINES.map((line) => shownHistory[line.key])];
}

/** Finishes a change of the chart's data: tells the page what is drawn, and puts the cursor back. */
function settle() {
  container.dataset.points = String(shownHistory.time.length);
  container.dataset.gaps = String(gaps().length);
  writeUsualNote();
  restoreCursor();
}

/** Puts the cursor back on the sample that the arrow keys had found. It does not read the values out again. */
function restoreCursor() {
  if (!plot) return;
  if (pointedAt === null) {
    readOut(plot.cursor.idx);
    return;
  }
  const { time } = shownHistory;
  const distance = (index) => Math.abs(time[index] - pointedAt);
  moveCursor(time.reduce((nearest, _, index) => (distance(index) < distance(nearest) ? index : nearest), 0));
}

/** Writes the newest value beside each line that has no axis. */
function writeNewest({ ctx, bbox, valToPos }) {
  const em = devicePixelRatio * drawnScale;
  for (const line of LINES.filter((each) => each.isSpeed && isOn(each))) {
    const values = shownHistory[line.key];
    const index = values.findLastIndex((value) => value !== null);
    if (index < 0) continue;
    const words = format.knots(values[index]);
    const x = valToPos(shownHistory.time[index], "x", true);
    const y = Math.min(valToPos(values[index], line.scale, true) + 16 * em, bbox.top + bbox.height - 4 * em);
    ctx.save();
    ctx.font = `600 ${12 * em}px ${fontFamily()}`;
    ctx.textAlign = "right";
    // A rim keeps the words apart from lines behind them.
    ctx.lineWidth = 4 * em;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour("--surface");
    ctx.strokeText(words, x, y);
    ctx.fillStyle = colour(line.colour);
    ctx.fillText(words, x, y);
    ctx.restore();
  }
}

/** Writes the time zone beside the times, in the corner below the scale of the left. */
function writeZone({ ctx, bbox }) {
  const em = devicePixelRatio * drawnScale;
  ctx.save();
  ctx.font = `${12 * em}px ${fontFamily()}`;
  ctx.textAlign = "left";
  ctx.textBaseline = "top";
  ctx.fillStyle = colour("--soft");
  ctx.fillText(format.zoneName(shownHistory.time.at(-1) * 1000), 2 * em, bbox.top + bbox.height + 8 * em);
  ctx.restore();
}

/** Returns a date whose local time is that of the page's time zone. */
function inZone(seconds) {
  const date = new Date(seconds * 1000);
  return format.timeZone ? uPlot.tzDate(date, format.timeZone) : date;
}

/** Returns how many times larger than usual the page's type is. What is drawn grows with the type. */
function typeScale() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

function chartSize() {
  return { width: container.clientWidth, height: container.clientHeight };
}

/** Returns the indexes of the values without a value on either side. */
function isolated(values) {
  const isKnown = (index) => (values[index] ?? null) !== null;
  return [...values.keys()].filter((index) => isKnown(index) && !(isKnown(index - 1) || isKnown(index + 1)));
}

/** Returns each gap between two samples, as [index of the sample before, index of the sample after]. */
function gaps() {
  const found = [];
  let last = null;
  for (const [index, value] of shownHistory.activeNow.entries()) {
    if (value === null) continue;
    if (last !== null && index - last > 1) found.push([last, index]);
    last = index;
  }
  return found;
}

function shadeGaps({ ctx, bbox, valToPos }) {
  for (const [before, after] of gaps()) {
    const from = valToPos(shownHistory.time[before], "x", true);
    const to = valToPos(shownHistory.time[after], "x", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, bbox.top, to - from, bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour("--line");
    ctx.lineWidth = devicePixelRatio * drawnScale;
    for (let x = from - bbox.height; x < to; x += 9 * ctx.lineWidth) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function legendButton(line) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = line.key;
  button.ariaPressed = String(isOn(line));
  const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  swatch.setAttribute("viewBox", "0 0 26 8");
  swatch.ariaHidden = "true";
  const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
  stroke.setAttribute("d", "M0 4H26");
  stroke.setAttribute("stroke-dasharray", (line.dash ?? []).join(" "));
  stroke.style.stroke = `var(${line.colour})`;
  stroke.style.strokeWidth = line.width;
  swatch.append(stroke);
  button.append(swatch, line.label);
  button.addEventListener("click", () => {
    if (!switchedOff.delete(line.key)) switchedOff.add(line.key);
    button.ariaPressed = String(isOn(line));
    if (plot) draw();
    onSwitch?.();
  });
  return button;
}

/** Writes under the chart the values of a sample, or without an index how to get them. */
function readOut(index) {
  if (switchedOff.size === LINES.length) {
    setReading(say("noLine"));
    return;
  }
  if (index === null || index === undefined) {
    const hasSamples = LINES.some((line) => isOn(line) && shownHistory?.[line.key].some((value) => value !== null));
    setReading(hasSamples ? `${say("howToRead")} ${say("howToZoom")}` : say("noSamples"));
    return;
  }
  const parts = LINES.filter(isOn).map((line) => `${line.label} ${valueInWords(line, index)}`);
  const time = format.dateAndTime(shownHistory.time[index] * 1000);
  setReading(say("reading", { time, values: parts.join(" · ") }));
}

function valueInWords(line, index) {
  const value = shownHistory[line.key][index];
  const write = line.isSpeed ? format.knots : format.count;
  const [least, most] = [shownHistory.min[line.key][index], shownHistory.max[line.key][index]];
  if (most === null) return say("unknown");
  const words = value === null ? say("unknown") : write(value);
  const told = least === most ? [words] : [say("extremes", { value: words, least: write(least), most: write(most) })];
  const hour = envelope.usualAt(shownHistory, shownHistory.time[index]);
  const band = shownHistory.usual?.[line.key];
  if (band && (band.high[hour] ?? null) !== null) {
    told.push(say("usualThen", { low: write(band.low[hour]), high: write(band.high[hour]) }));
  }
  return told.join(", ");
}

/** Says under the legend what the pale bands are, if there are any. */
function writeUsualNote() {
  const note = document.getElementById("usual-note");
  const weeks = shownHistory.usual?.weeks ?? 0;
  const words = weeks > 0 ? say("usualBand", { weeks: format.count(weeks) }, weeks) : "";
  if (note.textContent !== words) note.textContent = words;
}

// A screen reader would read the same words out again.
function setReading(words) {
  if (reading.textContent !== words) reading.textContent = words;
}

function pointAt(index) {
  reading.ariaLive = "polite";
  pointedAt = shownHistory.time[index];
  moveCursor(index);
  readOut(index);
}

function stopReading() {
  reading.ariaLive = "off";
  pointedAt = null;
  plot?.setCursor({ left: -10, top: -10 });
}

function moveCursor(index) {
  plot.setCursor({ left: plot.valToPos(shownHistory.time[index], "x"), top: plot.bbox.height / devicePixelRatio / 2 });
}

function onKey(event) {
  if (!plot || event.ctrlKey || event.metaKey || event.altKey) return;
  if (["+", "-", "−"].includes(event.key)) {
    event.preventDefault();
    zoomByKey(event.key === "+" ? 0.5 : 2);
    return;
  }
  const last = shownHistory.time.length - 1;
  const step = event.shiftKey ? 10 : 1;
  // The first arrow key finds the newest value.
  const at = plot.cursor.idx ?? last + (event.key === "ArrowLeft" ? step : 0);
  const to = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
  if (event.key === "Escape") stopReading();
  if (to === undefined) return;
  event.preventDefault();
  pointAt(Math.min(last, Math.max(0, to)));
}

/** Shows half of the range, or the double, around the sample that is pointed at, else around the middle. */
function zoomByKey(factor) {
  const { min, max } = plot.scales.x;
  const { idx } = plot.cursor;
  const middle = idx === null || idx === undefined ? (min + max) / 2 : shownHistory.time[idx];
  const half = ((max - min) * factor) / 2;
  zoomTo(middle - half, middle + half);
}

/** Returns the chart in words, for a screen reader. */
function summaryOf(history) {
  const measured = history.activeNow.filter((value) => value !== null);
  const words = range.inWords(history.range);
  if (measured.length === 0) return say("summaryEmpty", { range: words });
  const [lowest, highest] = envelope.reach(history, LINES.slice(0, 1), () => false);
  const [least, most, newest] = [lowest, highest, measured.at(-1)].map(format.count);
  return say("summary", { range: words, least, most, newest });
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function fontFamily() {
  return getComputedStyle(document.body).fontFamily;
}
