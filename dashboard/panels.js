// The panels beside the first numbers, each in a file of its own. They are loaded after the numbers are on the page, and most of
// them when there is a reason to: a page that is looked at for its numbers alone stays small.
//
// A file exports begin(root), which gets the section with the id of the panel, and show(activity), which gets each new
// document of /api/database/vessel-activity. A section is hidden until its file has something to show.

// Id of the section -> the file, and what it waits for: the section that a reader comes near, or a reason in the document.
const PANELS = {
  alerts: { file: "./alerts.js", hasReason: ({ alerts }) => alerts?.length > 0 },
  members: { file: "./members.js", hasReason: ({ members }) => members?.some(({ missing }) => missing) },
  cards: { file: "./cards.js" },
  map: { file: "./map.js", near: "map" },
  lists: { file: "./lists.js", near: "lists" },
  areas: { file: "./areas.js", near: "map" },
  "types-history": { file: "./type-history.js", near: "types-history" },
};
// Soon enough that most readers see nothing change.
const NEAR = { map: "100px", lists: "500px", "types-history": "100px" };
const RETRY_MS = 5_000;

const begun = [];
const waiting = new Map(); // id -> what it waits for
let newest = null;

/** Returns whether a panel is on the page: all are, unless the address names the only one (?embed=types). */
export const isWanted = (panel) =>
  document.querySelector("[data-shown]") === null ||
  document.querySelector(`[data-shown][data-panel="${panel}"]`) !== null;

/** Loads the files of all panels that are on the page, or waits for their reason. */
export function begin() {
  const isAlone = document.querySelector("[data-shown]") !== null;
  const holdsWanted = (id) => Boolean(document.getElementById(id)?.querySelector("[data-shown]"));
  for (const [id, panel] of Object.entries(PANELS)) {
    if (!(isWanted(id) || holdsWanted(id))) continue;
    waiting.set(id, panel);
    if (panel.hasReason) continue;
    if (panel.near && !isAlone) onceNear(panel.near, () => load(id));
    else load(id);
  }
  if (newest) show(newest);
  // What is printed now may lack them. The next print has them.
  addEventListener("beforeprint", () => {
    for (const [id, { near }] of waiting) if (near) load(id);
  });
}

function onceNear(id, callback) {
  const watch = (entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    callback();
  };
  new IntersectionObserver(watch, { rootMargin: NEAR[id] }).observe(document.getElementById(id));
}

/** Shows a document of activity in every panel, also in those that are loaded later. */
export function show(activity) {
  newest = activity;
  for (const panel of begun) panel.show(activity);
  for (const [id, { hasReason }] of waiting) if (hasReason?.(activity)) load(id);
}

/** Opens the list of vessels behind a number. Its file is loaded when a reader asks for it. query: as the API names it. */
export async function open(title, query) {
  const { openVessels } = await import("./vessels.js");
  openVessels(title, query);
}

async function load(id, query = "") {
  const { file } = PANELS[id];
  if (!waiting.delete(id) && query === "") return;
  try {
    const panel = await import(`${file}${query}`);
    panel.begin(document.getElementById(id));
    begun.push(panel);
    if (newest) panel.show(newest);
  } catch (error) {
    // The connection broke. A browser remembers the address of a module that failed, so the next try takes another.
    setTimeout(() => load(id, `?${Date.now()}`), RETRY_MS);
    throw error;
  }
}
