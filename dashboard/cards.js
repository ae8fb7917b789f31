// What a card says beyond its number: what is usual for this hour of the week, and the way to the vessels behind the number.

import * as format from "./format.js";
import { open } from "./panels.js";
import { say } from "./words.js";

// The numbers that lead to their vessels: their words, and the window of the list.
const LISTS = {
  activeNow: { words: "lineActiveNow", window: "now" },
  activeLastHour: { words: "lineActiveLastHour", window: "1h" },
  activeLast24h: { words: "lineActiveLast24h", window: "24h" },
};

/** Makes the number of a card the way to its vessels. It takes no more space than the number. */
export function begin() {
  for (const [key, { words, window }] of Object.entries(LISTS)) {
    const title = say(words);
    const number = document.getElementById(key);
    const link = document.createElement("button");
    Object.assign(link, { type: "button", className: "open-list", title: say("showVesselsOf", { name: title }) });
    link.addEventListener("click", () => open(title, { window }));
    number.replaceWith(link);
    link.append(number);
  }
}

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
