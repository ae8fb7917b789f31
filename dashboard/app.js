// The page's one piece of state, and what follows from it.

import * as clock from "./clock.js";
import * as feed from "./feed.js";
import * as format from "./format.js";
import * as view from "./view.js";

// Two refreshes may fail before the numbers count as old; the same rule as /readyz.
const STALE_INTERVALS = 3;
const DEFAULT_INTERVAL_SECONDS = 30;

const known = {
  stats: null, // the newest answer, by its own updatedAt
  intervalSeconds: DEFAULT_INTERVAL_SECONDS,
  present: true, // the database has its cached row
  databaseAway: false, // the server says that it can't read its database at present
  lastDay: null, // the history of 24 hours
  failure: null, // why the last request brought nothing
  mode: "", // how the numbers get here
};

const MODES = { stream: "pushed live", polling: "asking every 5 s" };

const MESSAGES = {
  waiting: () => ["Waiting for data", "The server has no numbers yet. They appear here as soon as it has."],
  lost: (age) => [
    "Connection lost",
    `The connection to the server is lost. These numbers are ${age} old; trying again.`,
  ],
  failing: (age) => [
    "Database away",
    `The server can't read its database. These numbers are ${age} old; trying again.`,
  ],
  missing: (age) => [
    "Row missing",
    `The database has lost its cached row. These numbers are ${age} old; the next refresh brings new ones.`,
  ],
  stale: (age) => ["Out of date", `Nothing has been refreshed for ${age}. What you see is how it was then.`],
  empty: () => ["No vessels", "There are no vessels in the database."],
  quiet: () => [
    "Feed quiet",
    "No position has come in during the last 5 minutes. The numbers are up to date; the feed is not.",
  ],
  live: () => ["Live", null],
};

// The modules that show the past, fetched once the present is on the page.
let trend = null;
let chart = null;
let again = "";

const BROKEN = "broken";
let shown = null; // the name of the state on the page

function name(age) {
  if (known.failure === feed.UNREACHABLE) return "lost";
  if (known.failure === feed.REFUSED || known.databaseAway) return "failing";
  if (known.stats === null) return "waiting";
  if (!known.present) return "missing";
  if (age > STALE_INTERVALS * known.intervalSeconds * 1000) return "stale";
  if (known.stats.totalVessels === 0 && known.stats.activeLast24h === 0) return "empty";
  return known.stats.activeNow === 0 ? "quiet" : "live";
}

function show() {
  if (shown === BROKEN) return;
  const age = known.stats === null ? null : clock.now() - Date.parse(known.stats.updatedAt);
  const current = name(age);
  const spoken = age === null ? "none" : format.duration(age);
  let [label, banner] = MESSAGES[current](spoken);
  if (age === null && banner !== null) banner = banner.replace(/ These numbers .*;/, " There are no numbers yet;");
  if (shown !== null && shown !== current) view.announce(banner ?? "The numbers are live again.");
  shown = current;
  view.state({ name: current, label, banner, mode: known.mode, age });
}

const listener = {
  answer(stats, { unconfirmedSeconds }) {
    known.failure = null;
    known.databaseAway = unconfirmedSeconds > 0;
    known.present = true;
    // Answers can overtake one another; an older one never replaces a newer one.
    if (known.stats === null || Date.parse(stats.updatedAt) >= Date.parse(known.stats.updatedAt)) {
      known.stats = stats;
      view.numbers(stats);
      if (known.lastDay) trend.cards(stats, known.lastDay);
    }
    show();
  },
  missing() {
    known.failure = null;
    known.present = false;
    show();
  },
  health({ intervalSeconds, simulated, databaseAway, present }) {
    known.failure = null;
    known.databaseAway = databaseAway;
    // Null: a server that has just started can't tell yet.
    known.present = present !== false;
    known.intervalSeconds = intervalSeconds ?? known.intervalSeconds;
    view.simulated(simulated);
    show();
  },
  mode(mode) {
    known.mode = MODES[mode];
    show();
  },
  failed(reason) {
    known.failure = reason;
    show();
  },
};

// What the reader chose is kept in the address, so that it survives a reload and can be sent on.
const address = new URLSearchParams(location.search);
const RANGES = ["1h", "24h", "7d", "30d"];
let range = RANGES.includes(address.get("range")) ? address.get("range") : "24h";

// Names without a value stay without one: ?kiosk, not ?kiosk=.
const query = (parameters) => `?${parameters.toString().replace(/=(?=&|$)/g, "")}`;

/** Lets the wall screen show what this page shows. */
function leadToWall() {
  const wall = new URLSearchParams(address);
  wall.set("kiosk", "");
  document.getElementById("wall").href = query(wall);
}

function keep() {
  const put = (name, value) => (value === null ? address.delete(name) : address.set(name, value));
  put("range", range === "24h" ? null : range);
  put("show", chart.choice());
  history.replaceState(null, "", address.size > 0 ? query(address) : location.pathname);
  leadToWall();
}

function choose(chosen) {
  range = chosen;
  for (const button of document.querySelectorAll("#ranges button")) {
    button.ariaPressed = String(button.dataset.range === range);
  }
  document.getElementById("csv").search = `?range=${range}`;
}

// A sample comes each minute.
const SAMPLE_MS = 60_000;
const RETRY_MS = 10_000;
let timer;
let dueAt = 0; // by the clock that goes on while the computer sleeps

function pastAgain(ms) {
  clearTimeout(timer);
  dueAt = Date.now() + ms;
  // A page out of sight asks when it is seen again.
  timer = setTimeout(() => document.hidden || past(), ms);
}

async function past() {
  const wanted = range;
  const [lastDay, chosen] = await Promise.all([...new Set(["24h", wanted])].map((name) => trend.fetchHistory(name)));
  // Where it can't be had, what is shown stays: it is the past, and no older for that.
  if (lastDay) {
    known.lastDay = lastDay;
    if (known.stats) trend.cards(known.stats, lastDay);
  }
  const found = wanted === "24h" ? lastDay : chosen;
  if (found && wanted === range) await chart.show(found);
  // What was chosen meanwhile is asked for by another call.
  if (wanted !== range) return;
  const there = chart.range();
  const instead = there ? `the chart shows ${chart.NAMES[there]}` : "there is no chart yet";
  view.missing(there === range ? "" : `Could not load ${chart.NAMES[range]}; ${instead}. Trying again.`);
  pastAgain(lastDay && found && there === range ? SAMPLE_MS : RETRY_MS);
}

async function fetchModules() {
  try {
    [trend, chart] = await Promise.all([import(`./trend.js${again}`), import(`./chart.js${again}`)]);
  } catch {
    // The connection broke in between. A browser keeps a failed module by its address: take another.
    again = `?${Date.now()}`;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
}

async function beginPast() {
  choose(range);
  leadToWall();
  while (!chart) await fetchModules();
  chart.prepare(address.get("show"), keep);
  document.getElementById("ranges").addEventListener("click", ({ target }) => {
    if (!target.dataset.range) return;
    choose(target.dataset.range);
    keep();
    view.missing("");
    past();
  });
  document.getElementById("png").addEventListener("click", chart.download);
  addEventListener("online", past);
  document.addEventListener("visibilitychange", () => document.hidden || Date.now() < dueAt || past());
  past();
}

// A hidden page has no frames; it goes on all the same.
const firstFrame = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 500);
  });

async function begin() {
  const page = JSON.parse(document.getElementById("current").textContent || "null");
  const arrived = performance.getEntriesByType("navigation")[0]?.responseStart;
  if (page) {
    clock.set(page.now, arrived);
    known.intervalSeconds = page.intervalSeconds ?? DEFAULT_INTERVAL_SECONDS;
    view.simulated(page.simulated);
  }
  // What the page came with is painted first; all that begins here would take the browser's time from that.
  if (page?.filled) await firstFrame();
  if (page?.answer && page.present) listener.answer(page.answer, page);
  else show();
  setInterval(show, 1000);
  if (!page?.filled) await firstFrame();
  feed.follow(listener);
  beginPast();
}

begin().catch((error) => {
  shown = BROKEN;
  const banner = "This page does not work in this browser. The numbers, if there are any, are from when it was opened.";
  view.state({ name: BROKEN, label: "Not working", banner, mode: "", age: null });
  throw error;
});
