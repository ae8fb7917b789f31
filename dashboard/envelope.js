// What the chart draws behind a line: from the least to the most of each step, so that a short outage is seen in a long range,
// and the usual band for the hour of the week.

/** Returns the least and the most that is drawn on a scale beyond its lines; [] if there is nothing. */
export function reach(history, keys) {
  const found = [];
  for (const key of keys) {
    const all = [history.min[key], history.max[key], history.usual?.[key].low, history.usual?.[key].high];
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

/** Draws a rectangle from a lower to a higher value between two times. */
function drawRectangle({ ctx, bbox, valToPos }, scale, [from, to], [low, high]) {
  const [left, right] = [valToPos(from, "x", true), valToPos(to, "x", true)].map((x) =>
    Math.min(bbox.left + bbox.width, Math.max(bbox.left, x)),
  );
  const [top, bottom] = [valToPos(high, scale, true), valToPos(low, scale, true)];
  if (right > left) ctx.fillRect(left, top, right - left, Math.max(bottom - top, 1));
}

/** Draws the usual band of a line, hour by hour. */
export function drawUsual(plot, history, line, ink) {
  const { usual } = history;
  if (!usual) return;
  const width = widthOf(usual.time);
  plot.ctx.save();
  plot.ctx.fillStyle = ink;
  plot.ctx.globalAlpha = 0.14;
  for (const [index, begin] of usual.time.entries()) {
    const [low, high] = [usual[line.key].low[index], usual[line.key].high[index]];
    if (high !== null) drawRectangle(plot, line.scale, [begin, begin + width], [low, high]);
  }
  plot.ctx.restore();
}

/** Draws the least and the most of each step of a line. */
export function drawExtremes(plot, history, line, ink) {
  const { time } = history;
  plot.ctx.save();
  plot.ctx.fillStyle = ink;
  plot.ctx.globalAlpha = 0.4;
  for (const [index, at] of time.entries()) {
    const [low, high] = [history.min[line.key][index], history.max[line.key][index]];
    if (high === null || low === high) continue;
    const half = history.stepSeconds / 2;
    drawRectangle(plot, line.scale, [at - half, at + half], [low, high]);
  }
  plot.ctx.restore();
}
