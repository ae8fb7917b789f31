// The cells of 1 degree that have gone dark: hatched on the map, counted in words, and found one after the other.

import * as format from "./format.js";
import { cellPath } from "./map-projection.js";
import { say } from "./words.js";

const dark = { root: null, cells: [], next: 0 };

/** Adds what is said of dark cells. find: called with a cell {west, south} that the reader wants to see. */
export function begin(root, find) {
  dark.root = root;
  const said = `<p class="map-dark-said" hidden><button type="button"></button> <span></span></p>`;
  root.querySelector(".map-notice").insertAdjacentHTML("afterend", said);
  root.querySelector(".map-dark-said button").addEventListener("click", () => findNext(find));
}

/** Shows the part dark of the grid, which is null if too few weeks are known. */
export function show(told) {
  dark.cells = (told?.cells ?? []).map(([west, south, now, usual]) => ({ west, south, now, usual }));
  const said = dark.root.querySelector(".map-dark-said");
  said.hidden = dark.cells.length === 0;
  said.firstChild.textContent = say("darkCells", { n: format.count(told?.count ?? 0) });
  said.lastChild.textContent = say("darkNote", { weeks: format.count(told?.weeks ?? 0) });
  const paths = dark.cells.map(({ west, south }) => cellPath(west, south, 1));
  dark.root.querySelector(".map-dark").setAttribute("d", paths.join(""));
}

/** Shows the cell that misses the most vessels, and with each call the next one. */
export function findNext(find) {
  if (dark.cells.length > 0) find(dark.cells[dark.next++ % dark.cells.length]);
}

/** Says what is usual where a cell of the map lies in a dark one; "" elsewhere. */
export function reading({ west, south }) {
  const [x, y] = [Math.floor(west), Math.floor(south)];
  const cell = dark.cells.find((each) => each.west === x && each.south === y);
  return cell ? ` · ${say("darkReading", { usual: format.count(Math.round(cell.usual)) })}` : "";
}
