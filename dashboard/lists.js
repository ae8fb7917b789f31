// The lists of types and flags by active vessels, what is moving, and the way from each number to its vessels. The registry, which
// view.js shows, is there on request.

import * as format from "./format.js";
import { isWanted } from "./panels.js";
import { typeName } from "./words.js";

const WORDS = {
  active: "Active now",
  registry: "Registry",
  shown: "Vessels shown",
  ofActive: (total) => `share of ${total} active now`,
  otherTypes: "Other types",
  otherFlags: "Other flags",
  moving: "What is moving",
  underWay: "Under way, last hour",
  stopped: "Stopped, last hour",
  unknown: "Speed unknown, last hour",
  newLastHour: "New in the last hour",
  goneSilent: "Gone silent",
  list: "Show vessels",
  activeNow: "Vessels active now",
  activeLastHour: "Vessels of the last hour",
  activeLast24h: "Vessels of the last 24 hours",
  activeOf: (name) => `Active now: ${name}`,
};

// Each number of the part movement, and the list behind it.
const MOVEMENT = {
  underWay: { window: "1h", state: "underWay" },
  stopped: { window: "1h", state: "stopped" },
  unknown: { window: "1h", state: "unknown" },
  newLastHour: { window: "1h", state: "new" },
  goneSilent: { state: "silent" },
};
const CARDS = { activeNow: "now", activeLastHour: "1h", activeLast24h: "24h" };
const KINDS = { types: "type", flags: "flag" };

let moving = null;

/** Adds what this file shows to the page. root: the element that holds both lists. */
export function begin(root) {
  const look = document.createElement("link");
  Object.assign(look, { rel: "stylesheet", href: new URL("lists.css", import.meta.url) });
  document.head.append(look);
  for (const id of Object.keys(KINDS)) addActiveList(document.getElementById(id));
  for (const [key, window] of Object.entries(CARDS)) addCardButton(key, window);
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
  showActive(
    "types",
    activity.types,
    ({ name }) => ({ name: typeName(name), symbol: "", value: name }),
    WORDS.otherTypes,
  );
  showActive("flags", activity.flags, ({ flag }) => ({ ...format.flag(flag), value: flag }), WORDS.otherFlags);
}

function button(text, onClick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = text;
  made.addEventListener("click", onClick);
  return made;
}

/** Opens the list of vessels. Its file is loaded when a reader asks for it. */
async function open(title, query) {
  const { openVessels } = await import("./vessels.js");
  openVessels(title, query);
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
  Object.assign(choice, { className: "choice", hidden: true, role: "group", ariaLabel: WORDS.shown });
  const choose = (isActive) => {
    for (const [index, one] of [...choice.children].entries()) one.ariaPressed = String((index === 0) === isActive);
    for (const node of [active, activeNote]) node.hidden = !isActive;
    for (const node of [registry, note]) node.hidden = isActive;
  };
  choice.append(
    button(WORDS.active, () => choose(true)),
    button(WORDS.registry, () => choose(false)),
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
  document.getElementById(`${id}-note`).textContent = WORDS.ofActive(format.count(total));
  while (list.children.length > rows.length) list.lastChild.remove();
  while (list.children.length < rows.length) {
    const item = document.getElementById("bar").content.firstElementChild.cloneNode(true);
    const name = item.querySelector(".name");
    name.replaceChildren(
      button("", () => open(WORDS.activeOf(name.textContent), { window: "now", [KINDS[id]]: item.dataset.value })),
      document.createElement("span"),
    );
    list.append(item);
  }
  for (const [index, row] of rows.entries()) fillRow(list.children[index], row, total);
  document.getElementById(id).dispatchEvent(new Event("activity"));
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

function addCardButton(key, window) {
  const note = document.querySelector(`.card[data-key="${key}"] .note`);
  const link = button(WORDS.list, () => open(WORDS[key], { window }));
  link.className = "open-list";
  link.ariaLabel = `${WORDS.list}: ${WORDS[key]}`;
  note.after(link);
}

function makeMovement() {
  const list = document.createElement("dl");
  Object.assign(list, { className: "strip moving", id: "moving", hidden: true, ariaLabel: WORDS.moving });
  for (const [key, query] of Object.entries(MOVEMENT)) {
    const pair = document.createElement("div");
    const [term, value] = [document.createElement("dt"), document.createElement("dd")];
    const link = button("", () => open(WORDS[key], query));
    link.dataset.key = key;
    term.id = `moving-${key}`;
    term.textContent = WORDS[key];
    link.setAttribute("aria-describedby", term.id);
    value.append(link);
    pair.append(term, value);
    list.append(pair);
  }
  return list;
}
