// The large chart (uPlot), its legend that doubles as switches, and what leaves the page as PNG.

import * as format from "./format.js";

// Dash and width tell the lines apart without colour.
const LINES = [
  { key: "activeNow", label: "Active now", scale: "vessels", colour: "--line-1", width: 2.2 },
  { key: "activeLastHour", label: "Active, last hour", scale: "vessels", colour: "--line-2", width: 2, dash: [10, 4] },
  { key: "activeLast24h", label: "Active, 24 hours", scale: "vessels", colour: "--line-3", width: 2, dash: [2, 4] },
  {
    key: "positionsLastHour",
    label: "Positions per hour",
    scale: "positions",
    colour: "--line-4",
    width: 1.6,
    dash: [14, 4, 2, 4],
  },
  { key: "speedAvg", label: "Average speed", scale: "speed", unit: "kn", colour: "--line-5", width: 1.6, dash: [5, 5] },
];
const SHOWN_AT_FIRST = ["activeNow", "positionsLastHour", "speedAvg"];
/** What the ranges are called. */
export const NAMES = {
  "1h": "the last hour",
  "24h": "the last 24 hours",
  "7d": "the last 7 days",
  "30d": "the last 30 days",
};

const place = document.getElementById("chart");
const legend = document.getElementById("legend");
const reading = document.getElementById("reading");

let library; // the promise of uPlot, loaded once the numbers are there
let plot = null;
let shown = null; // the history in the chart
let drawn = null; // the range that the chart was made for
let drawnUnit = null; // and the size of type it was made for
let pointed = null; // the time of the sample that the arrow keys have found
let hidden = new Set(LINES.map((line) => line.key).filter((key) => !SHOWN_AT_FIRST.includes(key)));
let changed = () => {};

/** Which lines are shown, as a list for the address; null when it is as at first. */
export function choice() {
  const keys = LINES.map((line) => line.key).filter((key) => !hidden.has(key));
  return keys.join() === SHOWN_AT_FIRST.join() ? null : keys.join();
}

/** Prepares legend and keys. keys: the lines to show, null for the usual; onChange: after a switch. */
export function prepare(keys, onChange) {
  const known = LINES.map((line) => line.key);
  const wanted = known.filter((key) => keys?.split(",").includes(key));
  if (wanted.length > 0) hidden = new Set(known.filter((key) => !wanted.includes(key)));
  changed = onChange;
  LINES.forEach((line, index) => legend.append(legendButton(line, index)));
  place.addEventListener("keydown", move);
  place.addEventListener("pointermove", () => {
    pointed = null;
    reading.ariaLive = "off";
  });
  place.addEventListener("blur", () => point(null));
  new ResizeObserver(() => {
    if (!plot) return;
    // On another screen the type may have another size.
    if (drawnUnit !== unit()) return draw();
    plot.setSize(size());
    restore();
  }).observe(place);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot && draw());
  matchMedia("print").addEventListener("change", () => plot && draw());
}

/** The range in the chart, null while there is none. */
export const range = () => drawn;

/** Shows a history, or that there is none. */
export async function show(history) {
  shown = history;
  document.getElementById("chart-summary").textContent = summary(history);
  library ??= load();
  try {
    await library;
  } catch {
    library = undefined; // tried again with the next history
    return;
  }
  if (shown !== history) return;
  if (drawn !== history.range) return draw();
  // The same range goes on: the chart stays, and so does what is pointed at.
  plot.batch(() => plot.setData(columns()));
  settle();
}

/** The chart as a PNG file, with the title and the legend that the page has around it. */
export function download() {
  if (!plot) return;
  const scale = devicePixelRatio * unit();
  const [inner, edge] = [plot.ctx.canvas, 24 * scale];
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const title = `600 ${18 * scale}px ${family()}`;
  const small = `${13 * scale}px ${family()}`;

  // Gives each piece its place; a narrow picture has several rows of them.
  const rows = (pieces, font, lead, space) => {
    context.font = font;
    let [x, row] = [0, 0];
    for (const piece of pieces) {
      const width = lead + context.measureText(piece.label).width;
      if (x > 0 && x + width > inner.width) [x, row] = [0, row + 1];
      Object.assign(piece, { x: edge + x, row });
      x += width + space;
    }
    return row * 24 * scale;
  };
  const words = `Vessel activity, ${NAMES[shown.range]}, to ${format.time(Date.parse(shown.to))}`.split(" ");
  const heading = words.map((label) => ({ label, ink: "--ink" }));
  if (!document.getElementById("simulated").hidden) heading.push({ label: "Simulated\u00a0fleet", ink: "--warn" });
  const lines = LINES.filter(({ key }) => !hidden.has(key)).map((line) => ({ ...line }));
  const legendTop = 52 * scale + rows(heading, title, 0, 5 * scale);
  const top = legendTop + 24 * scale + rows(lines, small, 32 * scale, 20 * scale);

  canvas.width = inner.width + 2 * edge;
  canvas.height = inner.height + top + edge;
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.font = title;
  for (const { label, ink, x, row } of heading) {
    context.fillStyle = colour(ink);
    context.fillText(label, x, (30 + 24 * row) * scale);
  }
  context.font = small;
  context.fillStyle = colour("--ink");
  for (const line of lines) {
    const y = legendTop + 24 * scale * line.row;
    context.strokeStyle = colour(line.colour);
    context.lineWidth = line.width * scale;
    context.setLineDash((line.dash ?? []).map((length) => length * scale));
    context.beginPath();
    context.moveTo(line.x, y);
    context.lineTo(line.x + 26 * scale, y);
    context.stroke();
    context.fillText(line.label, line.x + 32 * scale, y + 4 * scale);
  }
  context.drawImage(inner, edge, top);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `vessel-activity-${shown.range}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function load() {
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
  drawn = shown.range;
  const em = (drawnUnit = unit());
  const axis = (more) => ({
    stroke: colour("--soft"),
    grid: { stroke: colour("--line"), width: em },
    ticks: { show: false },
    font: `${12 * em}px ${family()}`,
    gap: 8 * em,
    ...more,
  });
  const side = (scale, more) =>
    axis({
      scale,
      // Some ten values at most, whatever the height.
      space: () => Math.max(36 * em, size().height / 10),
      size: (_, values) => (20 + 7.5 * Math.max(2, ...(values ?? []).map((value) => value.length))) * em,
      values: (_, splits) => splits.map((value) => format.compact(value)),
      show: LINES.some((line) => line.scale === scale && !hidden.has(line.key)),
      ...more,
    });
  // Every scale begins at zero; the room above keeps lines of different scales apart.
  const fromZero = (room) => ({ range: (_, least, most) => [0, (most || 1) * room] });
  // Long ranges are divided at midnights, the others by the clock.
  const long = shown.stepSeconds > 600;
  const word = long ? format.day : format.minute;
  plot = new uPlot(
    {
      ...size(),
      padding: [12 * em, 8 * em, 0, 8 * em],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, points: { size: 8 * em }, y: false },
      scales: { x: { time: true }, vessels: fromZero(1.08), positions: fromZero(1.5), speed: fromZero(2.4) },
      axes: [
        axis({
          space: 70 * em,
          size: 34 * em,
          incrs: long ? [1, 2, 3, 5, 7, 10].map((days) => days * 86_400) : undefined,
          values: (_, splits) => splits.map((at) => word(at * 1000)),
        }),
        side("vessels", { stroke: colour("--line-1") }),
        side("positions", { side: 1, stroke: colour("--line-4"), grid: { show: false } }),
      ],
      series: [
        {},
        ...LINES.map((line) => ({
          label: line.label,
          scale: line.scale,
          show: !hidden.has(line.key),
          stroke: colour(line.colour),
          width: line.width * em,
          dash: line.dash?.map((length) => length * em),
          fill: line.key === "activeNow" ? colour("--line-1-area") : undefined,
          spanGaps: false,
          // A sample with nothing on either side has no line; a point shows it.
          points: { show: true, size: 5 * em, filter: (u, s) => alone(u.data[s]) },
        })),
      ],
      hooks: {
        setCursor: [({ cursor }) => pointed === null && tell(cursor.idx)],
        drawClear: [shadeGaps],
        draw: [writeNewest],
      },
    },
    columns(),
    place,
  );
  settle();
}

function columns() {
  return [shown.time, ...LINES.map((line) => shown[line.key])];
}

function settle() {
  place.dataset.points = String(shown.time.length);
  place.dataset.gaps = String(gaps().length);
  restore();
}

/** Puts the cursor back on the sample that the arrow keys had found. What was read of it stays: nobody asked anew. */
function restore() {
  if (!plot) return;
  if (pointed === null) return tell(plot.cursor.idx);
  const distance = (time) => Math.abs(time - pointed);
  aim(shown.time.reduce((best, time, index) => (distance(time) < distance(shown.time[best]) ? index : best), 0));
}

/** Writes the newest value beside each line that has no axis. */
function writeNewest({ ctx, bbox, valToPos }) {
  const em = devicePixelRatio * drawnUnit;
  for (const line of LINES.filter(({ key, unit }) => unit && !hidden.has(key))) {
    const index = shown[line.key].findLastIndex((value) => value !== null);
    if (index < 0) continue;
    const words = `${format.oneDigit(shown[line.key][index])} ${line.unit}`;
    const x = valToPos(shown.time[index], "x", true);
    const y = Math.min(valToPos(shown[line.key][index], line.scale, true) + 16 * em, bbox.top + bbox.height - 4 * em);
    ctx.save();
    ctx.font = `600 ${12 * em}px ${family()}`;
    ctx.textAlign = "right";
    // A rim, since other lines may pass behind.
    ctx.lineWidth = 4 * em;
    ctx.lineJoin = "round";
    ctx.strokeStyle = colour("--surface");
    ctx.strokeText(words, x, y);
    ctx.fillStyle = colour(line.colour);
    ctx.fillText(words, x, y);
    ctx.restore();
  }
}

/** How many times larger than usual the page's type is; what is drawn grows with it. */
function unit() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
}

function size() {
  return { width: place.clientWidth, height: place.clientHeight };
}

function alone(values) {
  return [...values.keys()].filter((i) => values[i] !== null && values[i - 1] == null && values[i + 1] == null);
}

/** Runs of steps without a sample between two that have one, as [index of the one before, after]. */
function gaps() {
  const found = [];
  let last = null;
  shown.activeNow.forEach((value, index) => {
    if (value === null) return;
    if (last !== null && index - last > 1) found.push([last, index]);
    last = index;
  });
  return found;
}

function shadeGaps(u) {
  const { ctx, bbox } = u;
  for (const [before, after] of gaps()) {
    const from = u.valToPos(shown.time[before], "x", true);
    const to = u.valToPos(shown.time[after], "x", true);
    ctx.save();
    ctx.beginPath();
    ctx.rect(from, bbox.top, to - from, bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour("--line");
    ctx.lineWidth = devicePixelRatio * drawnUnit;
    for (let x = from - bbox.height; x < to; x += 9 * ctx.lineWidth) {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
      ctx.stroke();
    }
    ctx.restore();
  }
}

function legendButton(line, index) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = line.key;
  button.ariaPressed = String(!hidden.has(line.key));
  const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sample.setAttribute("viewBox", "0 0 26 8");
  sample.ariaHidden = "true";
  const stroke = document.createElementNS("http://www.w3.org/2000/svg", "path");
  stroke.setAttribute("d", "M0 4H26");
  stroke.setAttribute("stroke-dasharray", (line.dash ?? []).join(" "));
  stroke.style.stroke = `var(${line.colour})`;
  stroke.style.strokeWidth = line.width;
  sample.append(stroke);
  button.append(sample, line.label);
  button.addEventListener("click", () => {
    if (!hidden.delete(line.key)) hidden.add(line.key);
    button.ariaPressed = String(!hidden.has(line.key));
    if (plot) draw();
    changed();
  });
  return button;
}

/** Writes the values at a place in the history under the chart; null writes how to get them. */
function tell(index) {
  if (hidden.size === LINES.length) return say("No line is chosen. The names above the chart switch them on.");
  if (index === null || index === undefined) {
    return say(
      shown && shown.activeNow.some((value) => value !== null)
        ? "Point at the chart, or focus it and use the arrow keys, to read values."
        : "No samples in this range yet.",
    );
  }
  const parts = LINES.filter((line) => !hidden.has(line.key)).map((line) => {
    const value = shown[line.key][index];
    const words =
      value === null ? "unknown" : line.unit ? `${format.oneDigit(value)} ${line.unit}` : format.count(value);
    return `${line.label} ${words}`;
  });
  say(`${format.time(shown.time[index] * 1000)}: ${parts.join(" · ")}`);
}

// The same words again would be read out again.
function say(words) {
  if (reading.textContent !== words) reading.textContent = words;
}

function point(index) {
  reading.ariaLive = index === null ? "off" : "polite";
  pointed = index === null ? null : shown.time[index];
  if (index === null) return plot?.setCursor({ left: -10, top: -10 });
  aim(index);
  tell(index);
}

function aim(index) {
  plot.setCursor({ left: plot.valToPos(shown.time[index], "x"), top: plot.bbox.height / devicePixelRatio / 2 });
}

function move(event) {
  if (!plot || !shown) return;
  const last = shown.time.length - 1;
  const step = event.shiftKey ? 10 : 1;
  // The first arrow key finds the newest value.
  const at = plot.cursor.idx ?? last + (event.key === "ArrowLeft" ? step : 0);
  const to = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key];
  if (event.key === "Escape") point(null);
  if (to === undefined) return;
  event.preventDefault();
  point(Math.min(last, Math.max(0, to)));
}

function summary(history) {
  const known = history.activeNow.filter((value) => value !== null);
  if (known.length === 0) return `There are no samples of ${NAMES[history.range]}.`;
  const range = `${format.count(Math.min(...known))} to ${format.count(Math.max(...known))}`;
  return `Vessels active now over ${NAMES[history.range]}: ${range}, at the end ${format.count(known[known.length - 1])}.`;
}

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function family() {
  return getComputedStyle(document.body).fontFamily;
}
