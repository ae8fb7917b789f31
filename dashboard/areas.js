// The list of areas: how many vessels are in each, and which have come and gone.

import * as format from "./format.js";

const WORDS = {
  caption: "Vessels in each area, by their last position",
  columns: ["Area", "Active now", "Last hour", "24 h", "Entered", "Left", "Mean speed"],
  knots: (speed) => `${speed} kn`,
  moves: "Entered and left: in the last hour",
};
const UNKNOWN = "\u2013";
let root = null;

/** Prepares the section. It stays hidden until there are areas. */
export function begin(section) {
  if (document.body.classList.contains("kiosk")) return; // its frame is full
  root = section;
  const heads = WORDS.columns.map((words) => `<th scope="col">${words}</th>`).join("");
  root.insertAdjacentHTML(
    "beforeend",
    `<div class="areas-frame" tabindex="0" role="group" aria-labelledby="areas-title"><table class="areas-table">
      <caption class="visually-hidden">${WORDS.caption}</caption><thead><tr>${heads}</tr></thead><tbody></tbody></table></div>
      <p class="map-hint">${WORDS.moves}</p>`,
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
  const speed = area.meanSpeed === null ? UNKNOWN : WORDS.knots(format.oneDecimal(area.meanSpeed));
  const cells = [...counts, speed].map((text) => Object.assign(document.createElement("td"), { textContent: text }));
  row.append(name, ...cells);
  return row;
}
