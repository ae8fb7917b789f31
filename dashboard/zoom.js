// Zooming into a chart: dragging with the mouse, or spreading two fingers over the part that is wanted. One finger reads it.

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

/** Lets two fingers on a chart select the range between them, once one of them is lifted. */
export function watchFingers(plot, onSelect) {
  const { over } = plot;
  // The browser would zoom the page.
  over.style.touchAction = "pan-y";
  const fingers = new Map(); // by pointer: its place in pixels
  const follow = (event) => {
    if (event.pointerType !== "touch") return;
    const { left, width } = over.getBoundingClientRect();
    fingers.set(event.pointerId, Math.min(width, Math.max(0, event.clientX - left)));
    if (fingers.size === 2) select(...ends());
  };
  const ends = () => [...fingers.values()].sort((one, other) => one - other);
  const select = (left, right) =>
    plot.setSelect({ left, width: right - left, top: 0, height: over.clientHeight }, false);
  const lift = (event) => {
    if (!fingers.has(event.pointerId)) return;
    const [left, right] = ends();
    const isRange = fingers.size === 2 && event.type === "pointerup" && right - left >= LEAST_PX;
    fingers.delete(event.pointerId);
    select(0, 0);
    if (!isRange) return;
    fingers.clear();
    onSelect(plot.posToVal(left, "x"), plot.posToVal(right, "x"));
  };
  over.addEventListener("pointerdown", follow);
  over.addEventListener("pointermove", (event) => fingers.has(event.pointerId) && follow(event));
  over.addEventListener("pointerup", lift);
  over.addEventListener("pointercancel", lift);
}

/**
 * Lets one finger read a chart: calls onMove(left) while a finger or pen is on an element; left: its place in pixels.
 *
 * Dragging up or down scrolls the page.
 */
export function scrub(element, onMove) {
  element.style.touchAction = "pan-y pinch-zoom";
  const move = (event) => {
    if (event.pointerType === "mouse") return;
    const { left, width } = element.getBoundingClientRect();
    onMove(Math.min(width, Math.max(0, event.clientX - left)));
  };
  element.addEventListener("pointerdown", move);
  element.addEventListener("pointermove", move);
}
