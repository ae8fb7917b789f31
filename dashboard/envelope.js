// What the chart draws behind a line: from the least to the most of each step, so that a short outage is seen in a long range,
// and the usual band for the hour of the week.

/** Returns the least and the most that is drawn for some lines, with the bands of those that have one; [] if there is nothing. */
export function reach(history, lines, hasBand) {
  const found = [];
  for (const line of lines) {
    const { key } = line;
    const band = hasBand(line) ? history.usual?.[key] : undefined;
    const all = [history.min[key], history.max[key], band?.low, band?.high];
    for (const value of all.flat()) if (value !== null && value !== undefined) found.push(value);
  }
  return found.length > 0 ? [Math.min(...found), Math.max(...found)] : [];
}

/** Returns the index of the usual hour that holds an instant in seconds; -1 if there is none. */
export function usualAt(history, seconds) {
  const { time } = history.usual ?? { time: [] };
  const index = time.findLastIndex((begin) => begin <= seconds);
  return index >= 0 && seconds - time[index] <= widthOf(time) ? index : -1;
}

const widthOf = (time) => (time.length > 1 ? time[1] - time[0] : 3_600);

// A step of a year is narrower than a pixel on a phone.
const LEAST_PX = 2;

/** Fills the rectangles between pairs of times and of values with one ink. Where they overlap, it is no darker. */
function fillAll({ ctx, bbox, valToPos }, rectangles, { scale, ink, opacity }) {
  const inside = (x) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, x));
  ctx.save();
  ctx.fillStyle = ink;
  ctx.globalAlpha = opacity;
  ctx.beginPath();
  for (const { from, to, low, high } of rectangles) {
    const [left, right] = [from, to].map((time) => inside(valToPos(time, "x", true)));
    const [top, bottom] = [high, low].map((value) => valToPos(value, scale, true));
    const width = Math.max(right - left, LEAST_PX * devicePixelRatio);
    if (right > left) ctx.rect((left + right - width) / 2, top, width, Math.max(bottom - top, 1));
  }
  ctx.fill();
  ctx.restore();
}

/** Draws the usual band of a line, hour by hour. */
export function drawUsual(plot, history, line, ink) {
  const { usual } = history;
  if (!usual) return;
  const width = widthOf(usual.time);
  const { low, high } = usual[line.key];
  const hours = usual.time.map((from, n) => ({ from, to: from + width, low: low[n], high: high[n] }));
  const known = hours.filter((hour) => hour.high !== null);
  fillAll(plot, known, { scale: line.scale, ink, opacity: 0.14 });
}

/** Draws the least and the most of each step of a line. */
export function drawExtremes(plot, history, line, ink) {
  const half = history.stepSeconds / 2;
  const [least, most] = [history.min[line.key], history.max[line.key]];
  const steps = history.time.map((at, n) => ({ from: at - half, to: at + half, low: least[n], high: most[n] }));
  const wide = steps.filter(({ low, high }) => high !== null && low !== high);
  fillAll(plot, wide, { scale: line.scale, ink, opacity: 0.4 });
}
