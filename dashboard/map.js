// The map: where vessels are, in cells of a grid, and the areas. It is drawn as SVG, so that the style sheet gives its colours
// in each scheme and on paper.

import * as format from "./format.js";
import * as dark from "./map-dark.js";
import { cellPath, coastPath, fold, shapePath, toLatitude, toY } from "./map-projection.js";
import { movable } from "./map-view.js";
import { say } from "./words.js";

// Each window: the words for it in a sentence, and those of its button.
const WINDOWS = {
  now: { words: "lineActiveNow", button: () => say("now") },
  "1h": { words: "lineActiveLastHour", button: () => say("hours", { n: format.count(1) }) },
  "24h": { words: "lineActiveLast24h", button: () => say("hours", { n: format.count(24) }) },
};
const API = "../api/database/vessel-activity";
const SVG = "http://www.w3.org/2000/svg";
// The smallest number of vessels of each class. The style sheet has a colour for each.
const CLASSES = [1, 2, 5, 20, 100];
// The sizes of cells that the server counts by, in degrees, and how wide a cell should be, in pixels.
const SIZES = [0.05, 0.1, 0.25, 0.5, 1];
const CELL_PIXELS = 7;
const REFRESH_MS = 30_000;
const RETRY_MS = 10_000;
const SETTLE_MS = 250; // a map that is being moved asks for nothing
const COPIES = [-360, 0, 360]; // the world goes on beyond the antimeridian

const map = {
  root: null,
  svg: null,
  view: null,
  window: "now",
  grid: null, // the newest answer
  cells: new Map(), // "west south" -> vessels
  cursor: null, // the cell that is pointed at: {west, south}
  areas: [], // of the newest activity document
  shapes: new Map(), // area -> its GeoJSON and where its name stands
  timer: 0,
  request: 0,
  wantsDark: false, // a reader wants to see a dark cell, and the numbers are not there yet
};

/** Puts the map into its section. */
export async function begin(root) {
  map.root = root;
  const look = document.createElement("link");
  Object.assign(look, { rel: "stylesheet", href: "map.css" });
  document.head.append(look);
  root.querySelector("header").insertAdjacentHTML("beforeend", controls());
  root.insertAdjacentHTML("beforeend", markup());
  map.svg = root.querySelector("svg.chart-of-cells");
  map.view = movable(map.svg, { changed: moved, clicked, pointed });
  map.svg.addEventListener("keydown", keyPressed);
  dark.begin(root, showCell);
  root.querySelector(".map-windows").addEventListener("click", ({ target }) => chooseWindow(target.dataset.window));
  const zooms = { in: () => map.view.zoom(0.5), out: () => map.view.zoom(2), world: () => map.view.reset() };
  root.querySelector(".map-zoom").addEventListener("click", ({ target }) => zooms[target.dataset.zoom]?.());
  document.addEventListener("visibilitychange", () => document.hidden || fetchGrid());
  chooseWindow(map.window);
  await loadCoast();
}

/** Shows the areas of an activity document. */
export function show({ areas }) {
  map.areas = areas ?? [];
  if (map.root === null) return;
  if (map.areas.some(({ name }) => !map.shapes.has(name))) loadShapes();
  else drawAreas();
}

/** Shows the cell that misses the most vessels, now or when its numbers arrive. */
export function findDark() {
  map.wantsDark = map.grid === null;
  if (!map.wantsDark) dark.findNext(showCell);
}

/** The buttons beside the title. */
function controls() {
  const windows = Object.entries(WINDOWS)
    .map(([name, { button }]) => `<button type="button" data-window="${name}">${button()}</button>`)
    .join("");
  return `<div class="group map-windows" role="group" aria-label="${say("vesselsShown")}">${windows}</div>
    <div class="group map-zoom" role="group" aria-label="${say("zoom")}">
      <button type="button" data-zoom="in" aria-label="${say("zoomIn")}">+</button>
      <button type="button" data-zoom="out" aria-label="${say("unzoom")}">−</button>
      <button type="button" data-zoom="world">${say("world")}</button></div>`;
}

function markup() {
  const classes = CLASSES.map((least, index) => {
    const next = CLASSES[index + 1];
    const range = next === least + 1 ? least : `${least}${next ? `–${next - 1}` : "+"}`;
    return `<li><svg aria-hidden="true"><rect class="cells-${index + 1}" width="100%" height="100%"/></svg><bdi dir="ltr">${range}</bdi></li>`;
  }).join("");
  const copies = COPIES.filter((x) => x !== 0)
    .map((x) => `<use href="#map-world" x="${x}"/>`)
    .join("");
  const cells = CLASSES.map((_, index) => `<path class="cells-${index + 1}"/>`).join("");
  return `<p class="notice map-notice"></p>
    <div class="map-frame"><svg class="chart-of-cells" dir="ltr" xmlns="${SVG}" tabindex="0" role="application"
      aria-roledescription="${say("map")}" aria-labelledby="map-title" aria-describedby="map-summary map-help"
      preserveAspectRatio="xMidYMid slice"><pattern id="map-hatch" width="0.25" height="0.25" patternUnits="userSpaceOnUse"
      patternTransform="rotate(45)"><rect width="0.08" height="0.25"/></pattern><g id="map-world"><path class="map-land"/><g class="cells">${cells}</g><path class="map-dark"/>
      <g class="areas"></g></g>${copies}<path class="map-cursor"/><g class="area-names"></g></svg></div>
    <p class="reading map-reading" aria-live="polite"></p>
    <div class="map-foot"><ul class="map-legend" aria-label="${say("cellLegend")}">${classes}</ul>
    <p class="map-hint">${say("mapHint")}</p></div>
    <p class="visually-hidden" id="map-summary"></p><p class="visually-hidden" id="map-help">${say("mapHelp")}</p>`;
}

const part = (selector) => map.root.querySelector(selector);

async function loadCoast() {
  try {
    const response = await fetch("coastline.json");
    if (!response.ok) throw new Error(response.statusText);
    part(".map-land").setAttribute("d", coastPath(await response.json()));
  } catch {
    setTimeout(loadCoast, RETRY_MS); // the numbers are there without it
  }
}

// --- the cells ---

function chooseWindow(window) {
  if (!window) return;
  map.window = window;
  for (const button of part(".map-windows").children) button.ariaPressed = String(button.dataset.window === window);
  fetchGrid();
}

/** The size of the cells for the present scale: the smallest one that can be seen and pointed at. */
function cellSize() {
  return SIZES.find((degrees) => degrees / map.view.perPixel() >= CELL_PIXELS) ?? SIZES.at(-1);
}

/** The part of the query that names the box. Its edges are rounded, so that readers of one region share an answer. */
function boxQuery(degrees) {
  const { west, south, east, north } = map.view.bounds();
  if (east - west >= 360) return "";
  const step = degrees * 20;
  const [w, e] = [Math.floor(west / step) * step, Math.ceil(east / step) * step];
  if (e - w >= 360) return "";
  const [s, n] = [Math.max(-90, Math.floor(south / step) * step), Math.min(90, Math.ceil(north / step) * step)];
  return `&box=${[fold(w), s, fold(e), n].map((edge) => Math.round(edge * 100) / 100).join(",")}`;
}

async function fetchGrid() {
  clearTimeout(map.timer);
  const request = ++map.request;
  const degrees = cellSize();
  let wait = REFRESH_MS;
  try {
    const response = await fetch(`${API}/grid?degrees=${degrees}&window=${map.window}${boxQuery(degrees)}`);
    if (!response.ok) throw new Error(response.statusText);
    const grid = await response.json();
    if (request !== map.request) return; // the reader has moved on, and another request is on its way
    showGrid(grid);
  } catch {
    if (request !== map.request) return;
    part(".map-notice").textContent = say("mapFailed");
    wait = RETRY_MS;
  }
  map.timer = setTimeout(() => document.hidden || fetchGrid(), wait);
}

function showGrid(grid) {
  map.grid = grid;
  map.cells = new Map(grid.cells.map(([west, south, count]) => [`${west} ${south}`, count]));
  const paths = CLASSES.map(() => []);
  for (const [west, south, count] of grid.cells) {
    paths[CLASSES.findLastIndex((least) => count >= least)].push(cellPath(west, south, grid.degrees));
  }
  for (const [index, path] of paths.entries()) part(`.cells .cells-${index + 1}`).setAttribute("d", path.join(""));
  const window = say(WINDOWS[map.window].words);
  part("#map-summary").textContent = say("mapSummary", {
    window,
    vessels: vesselCount(grid.vessels),
    cells: format.count(grid.cells.length),
    degrees: grid.degrees,
  });
  part(".map-notice").textContent = grid.omitted > 0 ? say("cellsOmitted", { cells: format.count(grid.omitted) }) : "";
  dark.show(grid.dark);
  map.root.dataset.asOf = grid.asOf;
  showReading();
  if (map.wantsDark) findDark();
}

function moved() {
  if (map.view === null) return;
  drawAreas();
  showReading();
  if (cellSize() === map.grid?.degrees && map.view.isWorld()) return;
  clearTimeout(map.timer);
  map.timer = setTimeout(fetchGrid, SETTLE_MS);
}

// --- what is pointed at ---

function cellAt({ x, y }) {
  const degrees = map.grid?.degrees ?? cellSize();
  // A cell of 0.05 degrees has edges that floats can't hold. The server sends them with two decimals.
  const edge = (value) => Math.round(Math.floor(value / degrees + 1e-9) * degrees * 100) / 100;
  return { west: edge(fold(x)), south: edge(toLatitude(y)) };
}

function pointed(place) {
  map.cursor = place ? cellAt(place) : null;
  showReading();
}

function clicked(place, target) {
  map.svg.focus({ preventScroll: true });
  map.cursor = cellAt(place);
  showReading();
  const named = target.closest("[data-area]")?.dataset.area;
  if (named === undefined) openAt(place);
  else openArea(named);
}

/** Opens the vessels of the chosen cell; if it has none, those of the smallest area there. */
async function openAt(place) {
  if (map.cursor === null || !map.grid) return;
  const { west, south } = map.cursor;
  if (!map.cells.has(`${west} ${south}`)) {
    const area = areaAt(place);
    if (area !== undefined) openArea(area);
    return;
  }
  const [east, north] = [west, south].map((edge) => Math.round((edge + map.grid.degrees) * 100) / 100);
  const title = placeName(map.cursor, map.grid.degrees);
  const query = { box: `${west},${south},${fold(east)},${north}`, window: map.window };
  const { openVessels } = await import("./vessels.js");
  openVessels(title, query);
}

async function openArea(area) {
  const areas = await import("./areas.js");
  areas.openArea(area, map.window);
}

const vesselCount = (number) => say("vesselCount", { n: format.count(number) }, number);

function showReading() {
  const { cursor, grid } = map;
  const path = part(".map-cursor");
  path.toggleAttribute("hidden", cursor === null);
  if (cursor === null || !grid) {
    part(".map-reading").textContent = "";
    path.setAttribute("d", "");
    return;
  }
  const turn = 360 * Math.round((map.view.middle().x - cursor.west) / 360);
  path.setAttribute("d", cellPath(cursor.west + turn, cursor.south, grid.degrees));
  const vessels = map.cells.get(`${cursor.west} ${cursor.south}`) ?? 0;
  const text = `${placeName(cursor, grid.degrees)}: ${vesselCount(vessels)}${dark.reading(cursor)}`;
  const reading = part(".map-reading");
  if (reading.textContent !== text) reading.textContent = text;
}

/** "51–52° N, 3–4° E". */
function placeName({ west, south }, degrees) {
  const range = (low, letters) => {
    const high = Math.round((low + degrees) * 100) / 100;
    const [from, to] = low < 0 ? [-high, -low] : [low, high];
    return `${from}–${to}° ${letters[low < 0 ? 0 : 1]}`;
  };
  return `${range(south, "SN")}, ${range(west, "WE")}`;
}

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

function keyPressed(event) {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (MOVES[event.key]) moveCursor(...MOVES[event.key]);
  else if (event.key === "+" || event.key === "=") map.view.zoom(0.5, cursorPlace());
  else if (event.key === "-") map.view.zoom(2, cursorPlace());
  else if (event.key === "0") map.view.reset();
  else if (event.key === "Enter" || event.key === " ") openAt(cursorPlace(0.5));
  else if (event.key === "Escape") pointed();
  else return;
  event.preventDefault();
}

/** A place in the chosen cell: its south-western corner, or for a share of 0.5 its middle. */
function cursorPlace(share = 0) {
  if (map.cursor === null) return;
  const { west, south } = map.cursor;
  const inside = share * (map.grid?.degrees ?? cellSize());
  const turn = 360 * Math.round((map.view.middle().x - west) / 360);
  return { x: west + inside + turn, y: toY(south + inside) };
}

/** Moves the map to a cell and chooses it. */
function showCell({ west, south }) {
  map.cursor = { west, south };
  const at = cursorPlace();
  map.view.move(at.x - map.view.middle().x, at.y - map.view.middle().y);
  map.svg.focus({ preventScroll: true });
}

function moveCursor(across, up) {
  if (map.cursor === null) {
    map.cursor = cellAt(map.view.middle());
  } else {
    const degrees = map.grid?.degrees ?? cellSize();
    const { x } = cursorPlace();
    const latitude = Math.max(-80, Math.min(84, map.cursor.south + up * degrees));
    map.cursor = cellAt({ x: x + (across + 0.5) * degrees, y: toY(latitude + degrees / 2) });
    const { west, south, east, north } = map.view.bounds();
    const at = cursorPlace();
    const beyond = map.cursor.south < south || map.cursor.south > north || at.x < west || at.x > east;
    if (beyond) map.view.move(at.x - map.view.middle().x, at.y - map.view.middle().y);
  }
  showReading();
}

// --- the areas ---

async function loadShapes() {
  try {
    const response = await fetch(`${API}/areas`);
    if (!response.ok) throw new Error(response.statusText);
    const { areas } = await response.json();
    for (const { name, shape, box } of areas) map.shapes.set(name, { shape, box });
    drawAreas();
  } catch {
    // The next activity document brings the next try.
  }
}

function drawAreas() {
  const scale = map.view.perPixel();
  const em = scale * parseFloat(getComputedStyle(document.documentElement).fontSize); // in degrees
  const outlines = [];
  const names = [];
  for (const area of map.areas) {
    const known = map.shapes.get(area.name);
    if (!known) continue;
    known.path ??= element("path", { class: "map-area", d: outlinePath(known) });
    known.label ??= nameOf(area.name);
    known.label.lastChild.textContent = ` ${format.count(area.activeNow)}`;
    known.label.querySelector("title").textContent = say("inArea", {
      area: area.name,
      vessels: vesselCount(area.activeNow),
    });
    const [west, south, east, north] = known.box;
    outlines.push(known.path);
    // A name is drawn if its area is about as wide as the name is. Numbers of smaller areas are in the list.
    if (east - west < 1.75 * em) continue;
    const x = (west + east) / 2;
    const turn = 360 * Math.round((map.view.middle().x - x) / 360);
    const at = withinView(
      x + turn,
      east - west,
      (area.name.length + known.label.lastChild.textContent.length) * 0.29 * em,
    );
    known.label.setAttribute("transform", `translate(${at} ${(toY(south) + toY(north)) / 2}) scale(${scale})`);
    names.push(known.label);
  }
  part(".areas").replaceChildren(...outlines);
  part(".area-names").replaceChildren(...names);
}

/** Returns where the name of an area stands, whose middle is at x: inside the map if a part of the area is. All in degrees. */
function withinView(x, width, halfName) {
  const { west, east } = map.view.bounds();
  if (x + width / 2 < west || x - width / 2 > east) return x;
  return Math.max(west + halfName, Math.min(east - halfName, x));
}

/** Returns the name of the smallest area that holds a point of the map. */
function areaAt({ x, y }) {
  const width = ({ box: [west, , east] }) => east - west;
  const points = [-360, 0, 360].map((turn) => new DOMPoint(x + turn, y));
  const inside = map.areas
    .map(({ name }) => ({ name, ...map.shapes.get(name) }))
    .filter(({ path }) => path && points.some((point) => path.isPointInFill(point)));
  return inside.sort((a, b) => width(a) - width(b))[0]?.name;
}

function outlinePath({ shape, box: [west, south, east, north] }) {
  if (shape) return shapePath(shape);
  const corners = [west, south, east, south, east, north, west, north];
  const ring = [0, 2, 4, 6, 0].map((index) => [corners[index], corners[index + 1]]);
  return shapePath({ type: "Polygon", coordinates: [ring] });
}

function nameOf(name) {
  const label = element("text", { "data-area": name });
  const words = element("tspan", { class: "area-name" });
  words.textContent = name;
  label.append(element("title", {}), words, element("tspan", { class: "area-count" }));
  return label;
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}
