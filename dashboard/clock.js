// The server's clock, so that a wrong clock in this computer does not falsify the data's age.
//
// Between two signs of the server's time it advances with performance.now(), which no one can set.

// A Date header is cut to the second and may have spent one more in a shared cache.
const TOLERANCE_MS = 2500;

let serverAtZero = Date.now() - performance.now();

/** The server's present time in milliseconds since 1970. */
export function now() {
  return serverAtZero + performance.now();
}

/** The server said what time it is, to the millisecond; `at` is performance.now() back then. */
export function set(serverMs, at = performance.now()) {
  serverAtZero = serverMs - at;
}

/** A response came with this Date header: corrects the clock only when it is clearly off. */
export function hint(dateHeader) {
  const middleOfTheSecond = Date.parse(dateHeader) + 500;
  if (Math.abs(middleOfTheSecond - now()) > TOLERANCE_MS) set(middleOfTheSecond);
}
