// What is usual for this hour of the week: behind the number of each card.

import * as format from "./format.js";
import { say } from "./words.js";

/** Does nothing: the cards are on the page from the beginning. */
export const begin = () => undefined;

/** Shows the usual band of each card, with how many weeks it is from. Says nothing if there are none. */
export function show({ usual }) {
  for (const card of document.querySelectorAll(".card")) {
    const place = card.querySelector(".usual");
    const known = usual?.[card.dataset.key];
    place.textContent = known?.weeks ? inWords(card.dataset.key, known) : "";
    card.toggleAttribute("data-below", known?.isBelow === true);
  }
}

function inWords(key, { low, high, weeks }) {
  const write = key === "speedAvg" ? format.oneDecimal : format.count;
  return say("usual", { low: write(low), high: write(high), weeks: format.count(weeks) }, weeks);
}
