// The dialog with the vessels behind a number: sorted, page by page, and as CSV. Nothing is fetched before a reader asks for it.

import * as clock from "./clock.js";
import * as format from "./format.js";
import { say, typeName } from "./words.js";

const UNKNOWN = "–";
const API = new URL("../api/database/vessel-activity/vessels", import.meta.url);
// Those with a sort have a button in their head.
const COLUMNS = [
  { key: "name", words: "Name", sort: "asc" },
  { key: "mmsi", words: "Mmsi", sort: "asc" },
  { key: "type", words: "Type" },
  { key: "flag", words: "Flag" },
  { key: "lastHeard", words: "LastHeard", sort: "desc" },
  { key: "speed", words: "Speed", sort: "desc" },
  { key: "position", words: "Position" },
];
const MOST_ROWS = 200;
const TIMEOUT_MS = 5_000;

let dialog = null;
let asked = null; // the query of the list that is shown
let next = null; // the key of the next page
let hasPast = false; // whether an area has been shown
let heard = 0; // counts the lists, so that a late answer is left alone

/** Opens the dialog. query: the filters, as the API names them. */
export function openVessels(title, query) {
  dialog ??= makeDialog();
  asked = { ...query, sort: "lastHeard", order: "desc" };
  dialog.querySelector("h2").textContent = title;
  dialog.showModal();
  load();
  showPast(query.area ?? null);
}

/** Shows the past of an area above the list. The file for it is loaded with the first area. */
async function showPast(area) {
  if (area === null && !hasPast) return;
  hasPast = true;
  const { showArea } = await import("./area-history.js");
  showArea(dialog, area);
}

function make(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children);
  return node;
}

function makeDialog() {
  document.head.append(make("link", { rel: "stylesheet", href: new URL("vessels.css", import.meta.url) }));
  const made = make("dialog", { className: "vessels" });
  made.setAttribute("aria-labelledby", "vessels-title");
  const close = make("button", { type: "button", className: "close", textContent: say("close"), autofocus: true });
  close.addEventListener("click", () => made.close());
  const head = make("tr");
  for (const { key, words, sort } of COLUMNS) {
    const cell = make("th", { scope: "col" });
    cell.dataset.key = key;
    if (sort) {
      const sorter = make("button", { type: "button", textContent: say(`column${words}`) });
      sorter.addEventListener("click", () => sortBy(key, sort));
      cell.append(sorter);
    } else cell.textContent = say(`column${words}`);
    head.append(cell);
  }
  const more = make("button", { type: "button", className: "more", textContent: say("more"), hidden: true });
  more.addEventListener("click", () => load(next));
  const rows = make("div", { className: "rows", tabIndex: 0, role: "region" });
  rows.setAttribute("aria-labelledby", "vessels-title");
  rows.append(make("table", {}, make("thead", {}, head), make("tbody")));
  made.append(
    make(
      "header",
      {},
      make("h2", { id: "vessels-title" }),
      make("a", { className: "button csv", textContent: "CSV", download: "vessels.csv" }),
      close,
    ),
    rows,
    make("footer", {}, make("p", { className: "said", role: "status" }), more),
  );
  // A click beside the dialog closes it: its box is all that is inside.
  made.addEventListener("click", ({ target }) => target === made && made.close());
  document.body.append(made);
  return made;
}

function sortBy(key, first) {
  const other = asked.order === "asc" ? "desc" : "asc";
  asked = { ...asked, sort: key, order: asked.sort === key ? other : first };
  load();
}

/** Fetches a page and shows it. after: the key of the page; null for the first one. */
async function load(after = null) {
  const number = ++heard;
  const query = new URLSearchParams(asked);
  dialog.querySelector(".csv").href = `${API}.csv?${query}&limit=${MOST_ROWS}`;
  for (const cell of dialog.querySelectorAll("th")) {
    const sorted = cell.dataset.key === asked.sort;
    if (sorted) cell.ariaSort = asked.order === "asc" ? "ascending" : "descending";
    else cell.removeAttribute("aria-sort");
  }
  if (after) query.set("after", JSON.stringify(after));
  tell(say("loading"));
  const answer = await fetch(`${API}?${query}`, { cache: "no-cache", signal: AbortSignal.timeout(TIMEOUT_MS) })
    .then((response) => (response.ok ? response.json() : null))
    .catch(() => null);
  if (number !== heard) return;
  const body = dialog.querySelector("tbody");
  const more = dialog.querySelector(".more");
  if (!answer) {
    tell(say("listFailed"));
    next = after;
    more.textContent = say("retry");
    more.hidden = false;
    return;
  }
  const rows = answer.vessels.map(rowOf);
  if (after) body.append(...rows);
  else body.replaceChildren(...rows);
  next = answer.next;
  more.textContent = say("more");
  more.hidden = next === null;
  const shown = body.children.length;
  tell(
    shown > 0 ? say("counted", { shown: format.count(shown), total: format.count(answer.count) }) : say("noVessels"),
  );
}

function tell(sentence) {
  dialog.querySelector(".said").textContent = sentence;
}

function rowOf(vessel) {
  const age = clock.now() - Date.parse(vessel.lastHeard);
  const flag = format.flag(vessel.flag);
  const cells = [
    make("bdi", { textContent: format.plainName(vessel.name?.trim() || say("nameless")) }),
    make("bdi", { textContent: vessel.mmsi ?? UNKNOWN }),
    make("bdi", { textContent: format.plainName(typeName(vessel.type)) }),
    make("bdi", { textContent: `${flag.symbol} ${format.plainName(flag.name)}`.trim() }),
    make("time", {
      dateTime: vessel.lastHeard,
      textContent: say("ago", { duration: format.duration(age) }),
      title: format.dateAndTime(Date.parse(vessel.lastHeard)),
    }),
    vessel.speed === null ? UNKNOWN : format.knots(vessel.speed),
    vessel.latitude === null || vessel.longitude === null ? UNKNOWN : place(vessel),
  ];
  return make("tr", {}, ...cells.map((content, index) => make(index === 0 ? "th" : "td", {}, content)));
}

/** Writes a position as seamen do: 59.913° N 10.752° E. */
function place({ latitude, longitude }) {
  const degrees = (value, [positive, negative]) => `${Math.abs(value).toFixed(3)}° ${value < 0 ? negative : positive}`;
  return `${degrees(latitude, "NS")} ${degrees(longitude, "EW")}`;
}
