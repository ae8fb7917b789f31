// Zooming into a chart: dragging with the mouse, or spreading two fingers over the part that is wanted.

// A shorter way is a click that shook.
const LEAST_PX = 8;

/** Returns what a uPlot chart needs so that dragging selects a range. onSelect(from, to): its ends in seconds. */
export function dragging(onSelect) {
  return {
    cursor: {
      drag: { x: true, y: false, setScale: false, dist: LEAST_PX },
      bind: { dblclick: () => null, mouseleave: leaving },
    },
    setSelect: (plot) => {
      const { left, width } = plot.select;
      if (width < LEAST_PX) return;
      plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
      onSelect(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"));
    },
  };
}

// uPlot extends the selection to the edge when the mouse leaves the chart. Above and below it that is not what is meant.
const leaving = (_plot, over, handle) => (event) => {
  const { left, right } = over.getBoundingClientRect();
  if (event.buttons === 0 || event.clientX <= left || event.clientX >= right) handle(event);
};

/** Lets two fingers on a chart select the range between them, once the first of them is lifted. */
export function watchFingers(plot, onSelect) {
  const { over } = plot;
  over.style.touchAction = "pan-y";
  let places = null;
  over.addEventListener(
    "touchmove",
    (event) => {
      if (event.touches.length !== 2) return;
      event.preventDefault();
      const { left: edge, width: room } = over.getBoundingClientRect();
      places = [...event.touches]
        .map(({ clientX }) => Math.min(room, Math.max(0, clientX - edge)))
        .sort((one, other) => one - other);
      const [left, right] = places;
      plot.setSelect({ left, width: right - left, top: 0, height: over.clientHeight }, false);
    },
    { passive: false },
  );
  const end = () => {
    if (places === null) return;
    const [left, right] = places;
    places = null;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
    if (right - left >= LEAST_PX) onSelect(plot.posToVal(left, "x"), plot.posToVal(right, "x"));
  };
  over.addEventListener("touchend", end);
  over.addEventListener("touchcancel", () => {
    places = null;
    plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  });
}
