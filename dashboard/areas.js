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
  root.querySelector("tbody").replaceChildren(...areas.map(rowOf));
}

function rowOf(area) {
  const row = document.createElement("tr");
  const name = document.createElement("th");
  const isolated = document.createElement("bdi");
  isolated.textContent = area.name;
  name.scope = "row";
  name.append(isolated);
  const counts = [area.activeNow, area.activeLastHour, area.activeLast24h, area.entered, area.left].map(format.count);
  const speed = area.meanSpeed === null ? UNKNOWN : format.knots(area.meanSpeed);
  const cells = [...counts, speed].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
  row.append(name, ...cells);
  return row;
}
