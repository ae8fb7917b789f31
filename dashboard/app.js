// The state of the page, and everything that follows from it.

import * as clock from "./clock.js";
import * as feed from "./feed.js";
import * as format from "./format.js";
import * as panels from "./panels.js";
import * as range from "./range.js";
import * as view from "./view.js";
import { say } from "./words.js";

// The database has the rule when numbers are out of date. The server sends the age along. Until then the page uses the age
// for the default interval.
const DEFAULT_STALE_AFTER_SECONDS = 34;
// A page that polls knows the time to a few seconds. Numbers from further ahead were computed with a wrong clock.
const AHEAD_MS = 5_000;
// From so long before the numbers go out of date, a page that polls asks more often: a refresh may run and take long.
const HURRY_MS = 3_000;

// The address holds what the reader has chosen, so that a reload keeps it and a link passes it on.
let parameters = new URLSearchParams(location.search);
const isWall = parameters.has("kiosk");

const known = {
  stats: null, // the newest answer, by its own updatedAt
  staleAfterSeconds: DEFAULT_STALE_AFTER_SECONDS,
  isRowPresent: true, // false if the database has lost its cached row
  isDatabaseAway: false, // true while the server cannot read its database
  feed: null, // what the server knows of the feed: its state, the time of the newest report, and more
  lastDay: null, // the history of 24 hours
  usual: null, // what is usual for the number of active vessels
  failure: null, // why the last request failed
  mode: "", // how the numbers get here
};

const BROKEN = "broken";
let shownState = null;

function ageOfNumbers() {
  return known.stats === null ? null : clock.now() - Date.parse(known.stats.updatedAt);
}

function ageOfReport() {
  return known.feed?.newestReport ? clock.now() - Date.parse(known.feed.newestReport) : null;
}

function currentState(age) {
  if (known.failure === feed.UNREACHABLE) return "lost";
  if (known.failure === feed.REFUSED || known.isDatabaseAway) return "failing";
  if (known.stats === null) return "waiting";
  if (!known.isRowPresent) return "missing";
  if (age < -AHEAD_MS) return "ahead";
  if (age > known.staleAfterSeconds * 1000) return "stale";
  if (view.isEmpty(known.stats)) return "empty";
  // The database has the rule for the feed: live, late or quiet.
  const flow = known.feed?.state ?? (known.stats.activeNow === 0 ? "quiet" : "live");
  if (flow !== "live") return flow;
  return known.usual?.isBelow ? "below" : "live";
}

/** Returns the label and the banner of a state, in words; banner: null if there is nothing to explain. */
function wordsOf(name, ms) {
  const key = name[0].toUpperCase() + name.slice(1);
  const label = say(`state${key}`);
  if (name === "live") return { label, banner: null };
  // In a browser that can't write numbers, no number is written.
  if (name === BROKEN) return { label, banner: say("bannerBroken") };
  const age = ms === null ? "" : format.duration(Math.abs(ms));
  const howOld = ms === null ? say("noNumbers") : say("numbersAreOld", { age });
  const report = format.duration(Math.max(0, ageOfReport() ?? 0));
  const [active, low, high] = [known.stats?.activeNow, known.usual?.low, known.usual?.high].map((value) =>
    format.count(value ?? 0),
  );
  return { label, banner: say(`banner${key}`, { age, howOld, report, active, low, high }) };
}

function updateState() {
  if (shownState === BROKEN) return;
  const age = ageOfNumbers();
  const name = currentState(age);
  const { label, banner } = wordsOf(name, age);
  if (shownState !== null && shownState !== name) view.announce(banner ?? say("liveAgain"));
  shownState = name;
  view.showState({ name, label, banner, mode: known.mode, age: name === "ahead" ? null : age });
  view.showFeed(known.feed, ageOfReport());
  if (isWall) view.showClock(clock.now());
}

const listener = {
  answer(stats, { unconfirmedSeconds, staleAfterSeconds, feed: told }) {
    known.failure = null;
    known.feed = told ?? known.feed;
    known.staleAfterSeconds = staleAfterSeconds ?? known.staleAfterSeconds;
    known.isDatabaseAway = unconfirmedSeconds > 0;
    known.isRowPresent = true;
    // Answers may arrive in any order. An older answer never replaces a newer one, unless that is dated in the future.
    if (
      known.stats === null ||
      ageOfNumbers() < -AHEAD_MS ||
      Date.parse(stats.updatedAt) >= Date.parse(known.stats.updatedAt)
    ) {
      known.stats = stats;
      view.showNumbers(stats);
      if (known.lastDay) trend.updateCards(stats, known.lastDay);
    }
    updateState();
  },
  rowMissing() {
    known.failure = null;
    known.isRowPresent = false;
    updateState();
  },
  health({ staleAfterSeconds, simulated, databaseAway, present, feed: told }) {
    known.failure = null;
    known.feed = told ?? known.feed;
    known.isDatabaseAway = databaseAway;
    // A server that has just started does not know yet, and sends null.
    known.isRowPresent = present !== false;
    known.staleAfterSeconds = staleAfterSeconds ?? known.staleAfterSeconds;
    view.showSimulated(simulated);
    updateState();
  },
  activity(activity) {
    known.usual = activity.usual?.activeNow ?? null;
    panels.show(activity);
    updateState();
  },
  mode(mode) {
    known.mode = say(mode);
    updateState();
  },
  failed(reason) {
    known.failure = reason;
    updateState();
  },
  isGoingStale() {
    const ms = known.staleAfterSeconds * 1000 - ageOfNumbers();
    return known.stats !== null && ms < HURRY_MS && ms > -HURRY_MS;
  },
};

// The modules that show the past. They are loaded after the numbers are on the page.
let trend = null;
let chart = null;
let retryQuery = "";

let chosenRange = range.isRange(parameters.get("range")) ? parameters.get("range") : "24h";
let namedRange = range.NAMES.includes(chosenRange) ? chosenRange : "24h"; // where zooming out leads

// A name without a value has no equals sign: ?kiosk, not ?kiosk=.
const EMPTY_VALUE = /[=](?=&|$)/g;
const queryOf = (chosen) => `?${chosen.toString().replace(EMPTY_VALUE, "")}`;

/** Makes the wall screen show what this page shows. */
function updateWallLink() {
  const wall = new URLSearchParams(parameters);
  wall.set("kiosk", "");
  document.getElementById("wall").href = queryOf(wall);
}

function updateAddress() {
  // Panels keep their choices there too.
  parameters = new URLSearchParams(location.search);
  const put = (name, value) => (value === null ? parameters.delete(name) : parameters.set(name, value));
  put("range", chosenRange === "24h" ? null : chosenRange);
  put("show", chart.chosenLines());
  history.replaceState(null, "", parameters.size > 0 ? queryOf(parameters) : location.pathname);
  updateWallLink();
}

function chooseRange(chosen) {
  chosenRange = chosen;
  const isNamed = range.NAMES.includes(chosen);
  if (isNamed) namedRange = chosen;
  for (const button of document.querySelectorAll("#ranges [data-range]")) {
    button.ariaPressed = String(button.dataset.range === chosen);
  }
  document.getElementById("unzoom").hidden = isNamed;
  document.getElementById("csv").search = range.queryOf(chosen);
}

/** Shows another range, and fetches it. */
function changeRange(chosen) {
  // A button that disappears would take the focus along.
  if (document.activeElement.id === "unzoom") document.querySelector(`#ranges [data-range="${chosen}"]`)?.focus();
  chooseRange(chosen);
  updateAddress();
  view.showChartNotice("");
  updateHistory();
}

// A sample is taken every minute.
const SAMPLE_MS = 60_000;
const RETRY_MS = 10_000;
let timer;
let dueAt = 0; // by Date.now(), which also runs while the computer sleeps

function scheduleHistory(ms) {
  clearTimeout(timer);
  dueAt = Date.now() + ms;
  // A hidden page fetches it when it becomes visible.
  timer = setTimeout(() => document.hidden || updateHistory(), ms);
}

async function updateHistory() {
  const chosen = chosenRange;
  const [lastDay, other] = await Promise.all([...new Set(["24h", chosen])].map((name) => trend.fetchHistory(name)));
  // After a failure the page keeps the history that it shows. The past does not change.
  if (lastDay) {
    known.lastDay = lastDay;
    if (known.stats) trend.updateCards(known.stats, lastDay);
  }
  const found = chosen === "24h" ? lastDay : other;
  if (found && chosen === chosenRange) await chart.show(found);
  // The reader has chosen another range meanwhile. Another call of this function fetches it.
  if (chosen !== chosenRange) return;
  const drawn = chart.drawnRange();
  view.showRange(drawn);
  view.showChartNotice(drawn === chosen ? "" : loadFailure(chosen, drawn));
  scheduleHistory(lastDay && found && drawn === chosen ? SAMPLE_MS : RETRY_MS);
}

function loadFailure(chosen, drawn) {
  const instead = drawn ? say("stillShows", { range: range.inWords(drawn) }) : say("noChart");
  return say("notLoaded", { range: range.inWords(chosen), instead });
}

async function loadModules() {
  try {
    [trend, chart] = await Promise.all([import(`./trend.js${retryQuery}`), import(`./chart.js${retryQuery}`)]);
  } catch {
    // The connection broke. A browser remembers the address of a module that failed, so the next try takes another.
    retryQuery = `?${Date.now()}`;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await loadModules();
  }
}

async function beginHistory() {
  chooseRange(chosenRange);
  await loadModules();
  chart.prepare(parameters.get("show"), {
    onSwitch: updateAddress,
    // from, to: in ms; null zooms out.
    onZoom: (from, to) => changeRange(from === null ? namedRange : range.between(from, to, clock.now())),
  });
  document.getElementById("ranges").addEventListener("click", ({ target }) => {
    if (target.dataset.range) changeRange(target.dataset.range);
  });
  document.getElementById("unzoom").addEventListener("click", () => changeRange(namedRange));
  document.getElementById("png").addEventListener("click", chart.download);
  addEventListener("online", updateHistory);
  document.addEventListener("visibilitychange", () => document.hidden || Date.now() < dueAt || updateHistory());
  updateHistory();
}

// A hidden page draws no frames, so there is a time limit.
const firstFrame = () =>
  new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, 500);
  });

async function begin() {
  const page = JSON.parse(document.getElementById("current").textContent || "null");
  const arrivedAt = performance.getEntriesByType("navigation")[0]?.responseStart;
  if (page) {
    clock.set(page.now, arrivedAt);
    known.staleAfterSeconds = page.staleAfterSeconds ?? DEFAULT_STALE_AFTER_SECONDS;
    view.showSimulated(page.simulated);
  }
  // If the server filled in the numbers, the browser paints them before this script takes up its time.
  if (page?.filled) await firstFrame();
  if (page?.answer && page.present) listener.answer(page.answer, page);
  else updateState();
  setInterval(updateState, 500);
  if (!page?.filled) await firstFrame();
  feed.follow(listener);
  updateWallLink();
  if (panels.isWanted("cards") || panels.isWanted("trend")) beginHistory();
  panels.begin();
}

begin().catch((error) => {
  shownState = BROKEN;
  view.showState({ name: BROKEN, ...wordsOf(BROKEN, null), mode: "", age: null });
  throw error;
});
