// The panels beside the first numbers, each in a file of its own. They are loaded after the numbers are on the page.
//
// A file exports begin(root), which gets the section with the id of the panel, and show(activity), which gets each new
// document of /api/database/vessel-activity. A section is hidden until its file has something to show.

// Id of the section -> the file.
const FILES = {
  alerts: "./alerts.js",
  members: "./members.js",
  cards: "./usual.js",
  map: "./map.js",
  lists: "./lists.js",
  areas: "./areas.js",
};
// These are far down the page and have much to fetch, so they are loaded when the reader comes near the map.
const LATE = ["map", "areas"];
const NEAR = "100px";
const RETRY_MS = 5_000;

const begun = [];
let newest = null;

/** Returns whether a panel is on the page: all are, unless the address names the only one (?embed=types). */
export const isWanted = (panel) =>
  document.querySelector("[data-shown]") === null ||
  document.querySelector(`[data-shown][data-panel="${panel}"]`) !== null;

/** Loads the files of all panels that are on the page. */
export function begin() {
  const isAlone = document.querySelector("[data-shown]") !== null;
  const holdsWanted = (id) => Boolean(document.getElementById(id)?.querySelector("[data-shown]"));
  for (const [id, file] of Object.entries(FILES)) {
    if (!(isWanted(id) || holdsWanted(id))) continue;
    if (LATE.includes(id) && !isAlone) onceNear(document.getElementById("map"), () => load(id, file));
    else load(id, file);
  }
}

function onceNear(section, callback) {
  const watch = (entries, observer) => {
    if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
    observer.disconnect();
    callback();
  };
  new IntersectionObserver(watch, { rootMargin: NEAR }).observe(section);
}

/** Shows a document of activity in every panel, also in those that are loaded later. */
export function show(activity) {
  newest = activity;
  for (const panel of begun) panel.show(activity);
}

async function load(id, file, query = "") {
  try {
    const panel = await import(`${file}${query}`);
    panel.begin(document.getElementById(id));
    begun.push(panel);
    if (newest) panel.show(newest);
  } catch (error) {
    // The connection broke. A browser remembers the address of a module that failed, so the next try takes another.
    setTimeout(() => load(id, file, `?${Date.now()}`), RETRY_MS);
    throw error;
  }
}
