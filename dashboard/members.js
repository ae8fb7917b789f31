// The databases that the figures are the sum of, if one of them does not answer.

import * as format from "./format.js";
import * as view from "./view.js";
import { say } from "./words.js";

let section;
let shown = "";

/** Takes the section in which members are named. */
export function begin(root) {
  section = root;
}

/** Names the members that do not answer; hides the section if all do. A change is told to screen readers. */
export function show({ members = [] }) {
  const missing = members.filter((member) => member.missing);
  const leftOut = missing.some((member) => member.leftOut);
  const names = missing.map(({ name }) => format.plainName(name)).join(", ");
  const text = names === "" ? "" : say(leftOut ? "membersLeftOut" : "membersAway", { names });
  section.hidden = text === "";
  section.querySelector("p").textContent = text;
  if (text !== "" && text !== shown) view.announce(text);
  shown = text;
}
