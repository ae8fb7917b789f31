// The server's clock. A wrong clock in this computer must not falsify the age of the data.
//
// performance.now() carries the server's time forward. No one can set that clock.

// A Date header has no fractions of a second, and a shared cache may have kept it for one more second.
const TOLERANCE_MS = 2500;

let serverAtZero = Date.now() - performance.now();

/** Returns the server's present time in milliseconds since 1970. */
export function now() {
  return serverAtZero + performance.now();
}

/** Sets the clock to a time that the server sent in milliseconds; `at` is performance.now() at that moment. */
export function set(serverMs, at = performance.now()) {
  serverAtZero = serverMs - at;
}

/** Corrects the clock by the Date header of a response, but only if the clock is clearly wrong. */
export function correct(dateHeader) {
  const middleOfTheSecond = Date.parse(dateHeader) + 500;
  if (Math.abs(middleOfTheSecond - now()) > TOLERANCE_MS) set(middleOfTheSecond);
}
