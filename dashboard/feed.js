// Where the numbers come from: the event stream, or a request every few seconds if the stream is blocked.
//
// A browser opens at most six connections to a server, and a stream occupies one of them. So only one of the visible
// pages holds the stream. It passes each message on to the others. A hidden page holds no stream.

import * as clock from "./clock.js";

const API = new URL("../api/database/", import.meta.url);
const POLL_MS = 5_000;
// Around the moment at which the numbers go out of date: they do not if a refresh runs that takes long.
const POLL_HURRIED_MS = 900;
// Only the title of a hidden page can be seen.
const POLL_HIDDEN_MS = 30_000;
const HIDDEN_MS = 5_000;
// What the panels show beyond the numbers changes every 30 seconds.
const ACTIVITY_MS = 30_000;
// The server itself gives up on its database after two seconds.
const TIMEOUT_MS = 5_000;
// The stream has a heartbeat every ten seconds. A longer silence means that the connection is dead.
const SILENCE_MS = 15_000;
// The page opens a stream again if the server refused it (too many clients) or a proxy keeps it back.
const REOPEN_MS = 30_000;

// The messages that a page gets which joins later.
const KINDS = ["answer", "activity", "health"];

const NEWEST = /newest="([^"]+)"/;
const LAST_MINUTE = /last-minute=(\d+)/;

/** Returns what a header tells of the feed, as a heartbeat of the stream does: live; newest="<time>"; last-minute=18000 */
function feedOf(header) {
  if (!header) return;
  const reports = LAST_MINUTE.exec(header);
  return {
    state: header.split(";")[0],
    newestReport: NEWEST.exec(header)?.[1] ?? null,
    reportsLastMinute: reports ? Number(reports[1]) : null,
  };
}

/** Why a request failed: the server could not be reached, or it answered with an error. */
export const UNREACHABLE = "unreachable";
export const REFUSED = "refused";

/**
 * Follows the numbers for as long as the page is open. It calls:
 * - listener.answer(stats, {unconfirmedSeconds, staleAfterSeconds, feed}) with each answer, of any age
 * - listener.rowMissing() if the database has no cached row to answer with
 * - listener.activity(document) with each new document of /api/database/vessel-activity
 * - listener.health(data) with each heartbeat of the stream
 * - listener.failed(reason) after each request that failed
 * - listener.mode("stream" | "polling") when the mode changes
 * - listener.isGoingStale() to learn whether the numbers are just going out of date
 */
export function follow(listener) {
  const beganAt = performance.now();
  let heardAt = -Infinity;
  let polledAt = -Infinity;
  let activityAt = -Infinity;
  let mode = null;

  const isStreaming = () => performance.now() - heardAt < SILENCE_MS;

  const stream = joinStream(({ answer, activity, health, sentAt }) => {
    const receivedAt = performance.now() - (Date.now() - sentAt);
    heardAt = answer || activity || health ? receivedAt : -Infinity;
    if (activity) listener.activity(activity);
    if (answer) listener.answer(answer, { unconfirmedSeconds: 0 });
    if (health) {
      clock.set(health.now, receivedAt);
      listener.health(health);
    }
    tick();
  });

  function tick() {
    if (isStreaming()) {
      setMode("stream");
      return;
    }
    const now = performance.now();
    stream.reopenIfSilent(now);
    // The stream gets a moment to start before the first request.
    if (mode === null && now - beganAt < 1_000) return;
    const pause = document.hidden ? POLL_HIDDEN_MS : POLL_MS;
    if (now - polledAt > (listener.isGoingStale() ? POLL_HURRIED_MS : pause)) {
      polledAt = now;
      poll(listener);
    }
    if (!document.hidden && now - activityAt > ACTIVITY_MS) {
      activityAt = now;
      fetchActivity(listener);
    }
    setMode("polling");
  }

  function setMode(current) {
    if (current === mode) return;
    mode = current;
    listener.mode(mode);
  }

  setInterval(tick, 1_000);
  addEventListener("online", () => {
    stream.reopenIfSilent(Infinity);
    polledAt = -Infinity;
    tick();
  });
  document.addEventListener("visibilitychange", () => document.hidden || tick());
}

/**
 * Joins the stream that all visible pages of this browser share.
 *
 * onMessage() gets {answer}, {activity}, {health} or {error}. Each has sentAt, the time at which the page that holds the stream
 * received the message.
 */
function joinStream(onMessage) {
  const name = `vessel activity ${API}`;
  // Without locks (on a plain http address) each page has its own stream.
  const channel = navigator.locks ? new BroadcastChannel(name) : null;
  const newest = {}; // the newest message of each kind, for pages that join later
  let source = null; // only in the page that holds the stream
  let openedAt = 0;
  let stopSharing = null; // null while this page takes no part
  let hiding; // the timer of a hidden page

  function open() {
    source?.close();
    openedAt = performance.now();
    source = new EventSource(new URL("vessel-stats-stream", API));
    source.onmessage = ({ data }) => passOn("answer", JSON.parse(data));
    source.addEventListener("activity", ({ data }) => passOn("activity", JSON.parse(data)));
    source.addEventListener("heartbeat", ({ data }) => passOn("health", JSON.parse(data)));
    source.onerror = () => passOn("error", true);
  }

  function passOn(kind, data) {
    const message = { [kind]: data, sentAt: Date.now() };
    newest[kind] = message;
    channel?.postMessage(message);
    onMessage(message);
  }

  function close() {
    source.close();
    source = null;
  }

  async function join() {
    if (stopSharing) return;
    const wish = new AbortController();
    stopSharing = () => wish.abort();
    channel?.postMessage("hello");
    try {
      await navigator.locks.request(name, { signal: wish.signal }, () => wish.signal.aborted || hold());
    } catch {
      if (wish.signal.aborted) return;
      stopSharing = close;
      open();
    }
  }

  /** Holds the stream, and with it the lock, until this page leaves. */
  const hold = () =>
    new Promise((release) => {
      stopSharing = () => {
        close();
        release();
      };
      open();
    });

  function leave() {
    stopSharing?.();
    stopSharing = null;
  }

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data !== "hello") onMessage(data);
      else if (source) for (const kind of KINDS) if (newest[kind]) channel.postMessage(newest[kind]);
    };
  }
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(leave, HIDDEN_MS);
    else join();
  });
  addEventListener("pagehide", leave);
  addEventListener("pageshow", (event) => event.persisted && join());
  if (!document.hidden) join();

  return {
    /** Opens the stream again if this page holds it and has waited long enough for a message. */
    reopenIfSilent(now) {
      const isClosed = source?.readyState === EventSource.CLOSED;
      if (source && now - openedAt > (isClosed ? REOPEN_MS : SILENCE_MS)) open();
    },
  };
}

async function poll(listener) {
  let response;
  let stats;
  try {
    // "no-cache" sends the known ETag: an unchanged answer costs only a 304.
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    response = await fetch(new URL("vessel-stats-cached", API), { cache: "no-cache", signal });
    stats = response.ok ? await response.json() : null;
  } catch {
    listener.failed(UNREACHABLE);
    return;
  }
  if (typeof stats?.updatedAt !== "string") {
    listener.failed(REFUSED);
    return;
  }
  clock.correct(response.headers.get("date"));
  // Without a cached row the answer holds zeros, which are not figures.
  if (response.headers.get("x-vessel-activity-row") === "missing") {
    listener.rowMissing();
    return;
  }
  listener.answer(stats, {
    unconfirmedSeconds: Number(response.headers.get("x-vessel-activity-unconfirmed")),
    staleAfterSeconds: Number(response.headers.get("x-vessel-activity-stale-after")) || undefined,
    feed: feedOf(response.headers.get("x-vessel-activity-feed")),
  });
}

/** Fetches the document of activity. If that fails, the panels keep what they show, and poll() tells why. */
async function fetchActivity(listener) {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const request = fetch(new URL("vessel-activity", API), { cache: "no-cache", signal });
  const activity = await request.then((response) => (response.ok ? response.json() : null)).catch(() => null);
  if (activity) listener.activity(activity);
}
