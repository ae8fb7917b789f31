// The list of areas: how many vessels are in each, and which have come and gone.

import * as format from "./format.js";
import { say } from "./words.js";

const COLUMNS = ["area", "lineActiveNow", "lastHour", "last24h", "entered", "left", "lineSpeed"];
const UNKNOWN = "\u2013";
let root = null;

/** Prepares the section. It stays hidden until there are areas. */
export function begin(section) {
  root = section;
  const look = document.createElement("link");
  Object.assign(look, { rel: "stylesheet", href: new URL("areas.css", import.meta.url) });
  document.head.append(look);
  const heads = COLUMNS.map((key) => `<th scope="col">${say(key)}</th>`).join("");
  root.insertAdjacentHTML(
    "beforeend",
    `<div class="areas-frame" tabindex="0" role="group" aria-labelledby="areas-title"><table class="areas-table">
      <caption class="visually-hidden">${say("areasCaption")}</caption><thead><tr>${heads}</tr></thead><tbody></tbody></table></div>
      <p class="areas-hint">${say("areaMoves")}</p>`,
  );
}

/** Shows the areas of an activity document. */
export function show({ areas }) {
  if (!areas || root === null) return;
  root.hidden = areas.length === 0;
  showRows(areas);
}

/** Opens the vessels that are active in an area. window: as the API names it. */
export async function openArea(area, window = "now") {
  const { openVessels } = await import("./vessels.js");
  const name = format.plainName(area);
  openVessels(window === "now" ? say("activeOf", { name }) : name, { area, window });
}

/** Fills the rows. A row stays where it is, so that the focus stays too while new documents come. */
function showRows(areas) {
  const body = root.querySelector("tbody");
  while (body.children.length > areas.length) body.lastChild.remove();
  while (body.children.length < areas.length) body.append(emptyRow());
  for (const [index, area] of areas.entries()) fillRow(body.children[index], area);
}

function emptyRow() {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  const link = document.createElement("button");
  name.scope = "row";
  link.type = "button";
  link.append(document.createElement("bdi"));
  link.addEventListener("click", () => openArea(row.dataset.area));
  name.append(link);
  row.append(name, ...COLUMNS.slice(1).map(() => document.createElement("td")));
  return row;
}

function fillRow(row, area) {
  row.dataset.area = area.name;
  row.querySelector("bdi").textContent = format.plainName(area.name);
  const counts = [area.activeNow, area.activeLastHour, area.activeLast24h, area.entered, area.left].map(format.count);
  const speed = area.meanSpeed === null ? UNKNOWN : format.knots(area.meanSpeed);
  for (const [index, text] of [...counts, speed].entries()) row.children[index + 1].textContent = text;
}
