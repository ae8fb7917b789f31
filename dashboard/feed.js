// Where the numbers come from: the event stream, or asking every few seconds where that is blocked.
//
// A browser opens six connections to a server, and a stream takes one for ever. So of all pages in sight one holds the
// stream and passes on what it hears, and a page out of sight holds none.

import * as clock from "./clock.js";

const API = new URL("../api/database/", import.meta.url);
const POLL_MS = 5_000;
// Out of sight only the title is seen.
const POLL_HIDDEN_MS = 30_000;
const HIDDEN_MS = 5_000;
// The server itself gives up on its database after two seconds.
const TIMEOUT_MS = 5_000;
// The stream has a heartbeat every ten seconds; a silence longer than this is a dead connection.
const SILENCE_MS = 15_000;
// A stream that was refused (too many clients) or is kept back by a proxy is tried again.
const REOPEN_MS = 30_000;

/** Why the last attempt brought nothing: the server is out of reach, or it answered an error. */
export const UNREACHABLE = "unreachable";
export const REFUSED = "refused";

/**
 * Follows the numbers for ever.
 *
 * listener.answer(stats, {unconfirmedSeconds}) is called with each answer, of any age; listener.missing() where there
 * is no row to answer with;
 * listener.health(told) with each heartbeat of the stream; listener.failed(reason) with each
 * request that brought nothing; listener.mode("stream" | "polling") when that changes.
 */
export function follow(listener) {
  const beganAt = performance.now();
  let heardAt = -Infinity;
  let askedAt = -Infinity;
  let mode = null;

  const streaming = () => performance.now() - heardAt < SILENCE_MS;

  const stream = share(({ answer, health, sentAt }) => {
    const heard = performance.now() - (Date.now() - sentAt);
    heardAt = answer || health ? heard : -Infinity;
    if (answer) listener.answer(answer, { unconfirmedSeconds: 0 });
    if (health) {
      clock.set(health.now, heard);
      listener.health(health);
    }
    tick();
  });

  function tick() {
    const now = performance.now();
    if (!streaming()) stream.tend(now);
    // At first, the stream is given a moment before anything is asked beside it.
    const patience = mode === null && now - beganAt < 1_000;
    if (!streaming() && !patience && now - askedAt > (document.hidden ? POLL_HIDDEN_MS : POLL_MS)) {
      askedAt = now;
      ask(listener);
    }
    const current = streaming() ? "stream" : "polling";
    if (current !== mode && (streaming() || !patience)) listener.mode((mode = current));
  }

  setInterval(tick, 1_000);
  addEventListener("online", () => {
    stream.tend(Infinity);
    askedAt = -Infinity;
    tick();
  });
  document.addEventListener("visibilitychange", () => document.hidden || tick());
}

/**
 * The stream of all pages of this browser that are in sight. hear() is called with {answer}, {health} or, when it
 * broke, neither; sentAt is when the page that holds the stream heard it.
 */
function share(hear) {
  const name = `vessel activity ${API}`;
  // Where there are no locks (a plain http address) each page has a stream of its own.
  const channel = navigator.locks ? new BroadcastChannel(name) : null;
  const newest = {}; // for pages that come later
  let source = null; // in the page that holds the stream
  let openedAt = 0;
  let leave = null; // stops taking part; null when not taking part
  let hiding;

  function open() {
    source?.close();
    openedAt = performance.now();
    source = new EventSource(new URL("vessel-stats-stream", API));
    source.onmessage = ({ data }) => pass("answer", JSON.parse(data));
    source.addEventListener("heartbeat", ({ data }) => pass("health", JSON.parse(data)));
    source.onerror = () => pass("broken", true);
  }

  function pass(kind, data) {
    const message = { [kind]: data, sentAt: Date.now() };
    newest[kind] = message;
    channel?.postMessage(message);
    hear(message);
  }

  function close() {
    source.close();
    source = null;
  }

  async function join() {
    if (leave) return;
    const wish = new AbortController();
    leave = () => wish.abort();
    channel?.postMessage("hello");
    try {
      await navigator.locks.request(name, { signal: wish.signal }, () => wish.signal.aborted || hold());
    } catch (error) {
      if (wish.signal.aborted) return;
      leave = close;
      open();
    }
  }

  const hold = () =>
    new Promise((release) => {
      leave = () => {
        close();
        release();
      };
      open();
    });

  function part() {
    leave?.();
    leave = null;
  }

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data !== "hello") hear(data);
      else if (source) for (const kind of ["answer", "health"]) if (newest[kind]) channel.postMessage(newest[kind]);
    };
  }
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hiding);
    if (document.hidden) hiding = setTimeout(part, HIDDEN_MS);
    else join();
  });
  addEventListener("pagehide", part);
  addEventListener("pageshow", (event) => event.persisted && join());
  if (!document.hidden) join();

  return {
    /** Opens it anew where nothing has been heard for long. */
    tend(now) {
      const dead = source?.readyState === EventSource.CLOSED;
      if (source && now - openedAt > (dead ? REOPEN_MS : SILENCE_MS)) open();
    },
  };
}

async function ask(listener) {
  let response;
  let stats;
  try {
    // "no-cache" asks with the known ETag: an unchanged answer costs a 304.
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
  clock.hint(response.headers.get("date"));
  // Its zeros are no numbers.
  if (response.headers.get("x-vessel-activity-row") === "missing") return listener.missing();
  listener.answer(stats, { unconfirmedSeconds: Number(response.headers.get("x-vessel-activity-unconfirmed")) });
}
