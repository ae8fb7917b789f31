// The lists of types and flags by active vessels, what is moving, and the way from each of their numbers to its vessels. The
// registry, which view.js shows, is there on request.

import * as format from "./format.js";
import { isWanted, open } from "./panels.js";
import { say, typeName } from "./words.js";

// Each number of the part movement: its words, and the list behind it.
const MOVEMENT = {
  underWay: { words: "underWay", query: { window: "1h", state: "underWay" } },
  stopped: { words: "stopped", query: { window: "1h", state: "stopped" } },
  unknown: { words: "speedUnknown", query: { window: "1h", state: "unknown" } },
  newLastHour: { words: "newLastHour", query: { window: "1h", state: "new" } },
  goneSilent: { words: "goneSilent", query: { state: "silent" } },
};
const KINDS = { types: "type", flags: "flag" };

let moving = null;

/** Adds what this file shows to the page. root: the element that holds both lists. */
export function begin(root) {
  const look = document.createElement("link");
  Object.assign(look, { rel: "stylesheet", href: new URL("lists.css", import.meta.url) });
  document.head.append(look);
  for (const id of Object.keys(KINDS)) addActiveList(document.getElementById(id));
  moving = makeMovement();
  if (isWanted("moving")) root.before(moving);
}

/** Shows a document of activity. */
export function show(activity) {
  if (!activity.movement) return;
  moving.hidden = false;
  for (const key of Object.keys(MOVEMENT)) {
    moving.querySelector(`[data-key="${key}"]`).textContent = format.count(activity.movement[key]);
  }
  const dark = activity.dark?.count ?? 0;
  moving.firstChild.hidden = dark === 0;
  moving.firstChild.querySelector("button").textContent = format.count(dark);
  showActive(
    "types",
    activity.types,
    ({ name }) => ({ name: typeName(name), symbol: "", value: name }),
    say("otherTypes"),
  );
  showActive("flags", activity.flags, ({ flag }) => ({ ...format.flag(flag), value: flag }), say("otherFlags"));
}

function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}

/** Puts the list of active vessels beside the list of the registry, and the choice between them. */
function addActiveList(registry) {
  const header = registry.parentElement.querySelector("header");
  const note = header.querySelector("p");
  const active = document.createElement("ol");
  active.className = "bars";
  active.id = `${registry.id}-active`;
  active.hidden = true;
  registry.after(active);
  const activeNote = document.createElement("p");
  activeNote.id = `${registry.id}-note`;
  activeNote.hidden = true;
  note.after(activeNote);

  const choice = document.createElement("div");
  Object.assign(choice, { className: "group choice", hidden: true, role: "group", ariaLabel: say("vesselsShown") });
  const choose = (isActive) => {
    for (const [index, one] of [...choice.children].entries()) one.ariaPressed = String((index === 0) === isActive);
    for (const node of [active, activeNote]) node.hidden = !isActive;
    for (const node of [registry, note]) node.hidden = isActive;
  };
  choice.append(
    button(say("lineActiveNow"), () => choose(true)),
    button(say("registry"), () => choose(false)),
  );
  header.append(choice);
  registry.addEventListener(
    "activity",
    () => {
      choice.hidden = false;
      choose(true);
    },
    { once: true },
  );
}

/** Fills a list of active vessels. A full bar is every active vessel. */
function showActive(id, groups, named, othersName) {
  const total = groups.reduce((sum, group) => sum + group.activeNow, 0);
  const rows = groups
    .filter((group) => group.activeNow > 0)
    .slice(0, 10)
    .map((group) => ({ ...named(group), count: group.activeNow }));
  const others = total - rows.reduce((sum, row) => sum + row.count, 0);
  if (others > 0) rows.push({ name: othersName, symbol: "", count: others, value: null });
  const list = document.getElementById(`${id}-active`);
  document.getElementById(`${id}-note`).textContent =
    total > 0 ? say("ofActive", { total: format.count(total) }) : say("noVessels");
  while (list.children.length > rows.length) list.lastChild.remove();
  while (list.children.length < rows.length) {
    const item = document.getElementById("bar").content.firstElementChild.cloneNode(true);
    const name = item.querySelector(".name");
    name.replaceChildren(
      button("", () =>
        open(say("activeOf", { name: name.textContent }), { window: "now", [KINDS[id]]: item.dataset.value }),
      ),
      document.createElement("span"),
    );
    list.append(item);
  }
  for (const [index, row] of rows.entries()) fillRow(list.children[index], row, total);
  // Without an active vessel the registry is what there is to see.
  if (total > 0) document.getElementById(id).dispatchEvent(new Event("activity"));
}

function fillRow(item, row, total) {
  const isOthers = row.value === null;
  item.className = isOthers ? "other" : "";
  item.dataset.value = row.value;
  const name = item.querySelector(".name");
  const [link, text] = name.children;
  const shown = format.plainName(row.name);
  link.textContent = isOthers ? "" : shown;
  link.hidden = isOthers;
  text.textContent = isOthers ? shown : "";
  name.title = shown;
  item.querySelector(".symbol").textContent = row.symbol;
  item.querySelector(".count").textContent = format.count(row.count);
  item.querySelector(".share").textContent = format.share(row.count, total);
  item.querySelector("svg").setAttribute("width", `${((100 * row.count) / total).toFixed(1)}%`);
}

function makeMovement() {
  const list = document.createElement("dl");
  Object.assign(list, { className: "strip moving", id: "moving", hidden: true, ariaLabel: say("moving") });
  list.append(movementPair("dark", say("cellsDark"), showDark));
  for (const [key, { words, query }] of Object.entries(MOVEMENT)) {
    list.append(movementPair(key, say(words), () => open(say(words), query)));
  }
  return list;
}

function movementPair(key, title, onClick) {
  const pair = document.createElement("div");
  const [term, value] = [document.createElement("dt"), document.createElement("dd")];
  const link = button("", onClick);
  link.dataset.key = key;
  term.id = `moving-${key}`;
  term.textContent = title;
  link.setAttribute("aria-describedby", term.id);
  value.append(link);
  pair.append(term, value);
  return pair;
}

/** Shows where cells have gone dark. The map is loaded when it comes into view. */
async function showDark() {
  document.getElementById("map").scrollIntoView();
  const { findDark } = await import("./map.js");
  findDark();
}
