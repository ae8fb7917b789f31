// Where the numbers come from: the event stream, or asking every few seconds where that is blocked.

import * as clock from "./clock.js";

const API = new URL("../api/database/", import.meta.url);
const POLL_MS = 5_000;
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
 * listener.answer(stats, {unconfirmedSeconds, present}) is called with each answer, of any age, and zeros where
 * there is no row (present false);
 * listener.health(told) with each heartbeat of the stream; listener.failed(reason) with each
 * request that brought nothing; listener.mode("stream" | "polling") when that changes.
 */
export function follow(listener) {
  let source;
  let openedAt = -Infinity;
  let heardAt = -Infinity;
  let askedAt = -Infinity;
  let mode = null;

  const streaming = () => performance.now() - heardAt < SILENCE_MS;

  function open() {
    source?.close();
    openedAt = performance.now();
    source = new EventSource(new URL("vessel-stats-stream", API));
    source.onmessage = (event) => {
      heardAt = performance.now();
      listener.answer(JSON.parse(event.data), { unconfirmedSeconds: 0, present: true });
      tick();
    };
    source.addEventListener("heartbeat", (event) => {
      heardAt = performance.now();
      const told = JSON.parse(event.data);
      clock.set(told.now);
      listener.health(told);
      tick();
    });
    source.onerror = () => {
      heardAt = -Infinity;
      tick();
    };
  }

  function tick() {
    const now = performance.now();
    const dead = source.readyState === EventSource.CLOSED;
    if (!streaming() && now - openedAt > (dead ? REOPEN_MS : SILENCE_MS)) open();
    // Right after opening, the stream is given a moment before anything is asked beside it.
    const patience = source.readyState === EventSource.CONNECTING && now - openedAt < 1_000 && mode === null;
    if (!streaming() && !patience && now - askedAt > POLL_MS) {
      askedAt = now;
      ask(listener);
    }
    const current = streaming() ? "stream" : "polling";
    if (current !== mode && !patience) listener.mode((mode = current));
  }

  open();
  setInterval(tick, 1_000);
  addEventListener("online", () => {
    open();
    askedAt = -Infinity;
    tick();
  });
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
  document.addEventListener("visibilitychange", () => document.hidden || tick());
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
  listener.answer(stats, {
    unconfirmedSeconds: Number(response.headers.get("x-vessel-activity-unconfirmed")),
    present: response.headers.get("x-vessel-activity-row") !== "missing",
  });
}
