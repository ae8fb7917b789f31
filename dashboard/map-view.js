// The part of the world that the map shows, and how hands and keys change it.

import { fold, toLatitude, toY } from "./map-projection.js";

const SMALLEST_WIDTH = 0.5; // degrees
const WORLD = 360;
const NORTH_Y = toY(84);
const SOUTH_Y = toY(-72);
// A press that moves less is a click, in pixels.
const CLICK_REACH = 5;

/**
 * Makes a picture movable.
 *
 * svg: the picture. changed: called after each change. clicked(place, target): a click, in map units, and on what; pointed(place):
 * for a pointer that moves over the map, without arguments when it leaves.
 */
export function movable(svg, { changed, clicked, pointed }) {
  const view = { x: 0, y: (NORTH_Y + SOUTH_Y) / 2, width: WORLD };
  const aspect = () => svg.clientHeight / Math.max(1, svg.clientWidth);
  const perPixel = () => view.width / Math.max(1, svg.clientWidth);

  function draw() {
    view.width = Math.max(SMALLEST_WIDTH, Math.min(WORLD, view.width));
    view.x = fold(view.x);
    const height = view.width * aspect();
    const room = Math.max(0, (SOUTH_Y - NORTH_Y - height) / 2);
    const middle = (NORTH_Y + SOUTH_Y) / 2;
    view.y = Math.max(middle - room, Math.min(middle + room, view.y));
    svg.setAttribute("viewBox", `${view.x - view.width / 2} ${view.y - height / 2} ${view.width} ${height}`);
    changed();
  }

  /** The place under a point of the screen. */
  function place({ clientX, clientY }) {
    const frame = svg.getBoundingClientRect();
    const x = view.x + (clientX - frame.left - frame.width / 2) * perPixel();
    const y = view.y + (clientY - frame.top - frame.height / 2) * perPixel();
    return { x, y };
  }

  function zoom(factor, at = view) {
    const width = Math.max(SMALLEST_WIDTH, Math.min(WORLD, view.width * factor));
    const kept = width / view.width;
    view.x = at.x + (view.x - at.x) * kept;
    view.y = at.y + (view.y - at.y) * kept;
    view.width = width;
    draw();
  }

  function move(x, y) {
    view.x += x;
    view.y += y;
    draw();
  }

  followPointers(svg, { place, zoom, move, perPixel, clicked, pointed });
  new ResizeObserver(draw).observe(svg);

  return {
    zoom,
    move,
    perPixel,
    isWorld: () => view.width >= WORLD,
    middle: () => ({ ...view }),
    reset() {
      Object.assign(view, { x: 0, y: (NORTH_Y + SOUTH_Y) / 2, width: WORLD });
      draw();
    },
    /** West, south, east and north of what is shown, in degrees; west may be beyond -180. */
    bounds() {
      const height = view.width * aspect();
      const [north, south] = [view.y - height / 2, view.y + height / 2].map(toLatitude);
      return { west: view.x - view.width / 2, south, east: view.x + view.width / 2, north };
    },
  };
}

function followPointers(svg, { place, zoom, move, perPixel, clicked, pointed }) {
  const held = new Map(); // pointers that are down, by id
  let travelled = 0;

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (held.size === 0) travelled = 0;
    held.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const before = held.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") pointed(place(event));
      return;
    }
    const [dx, dy] = [event.clientX - before.clientX, event.clientY - before.clientY];
    travelled += Math.hypot(dx, dy);
    held.set(event.pointerId, event);
    if (travelled < CLICK_REACH) return;
    svg.setPointerCapture(event.pointerId);
    if (held.size === 1) {
      move(-dx * perPixel(), -dy * perPixel());
      return;
    }
    // Two fingers: the map follows their middle, and its scale their distance.
    const other = [...held.values()].find(({ pointerId }) => pointerId !== event.pointerId);
    const distance = ({ clientX, clientY }) => Math.hypot(clientX - other.clientX, clientY - other.clientY);
    move((-dx / 2) * perPixel(), (-dy / 2) * perPixel());
    zoom(Math.max(1, distance(before)) / Math.max(1, distance(event)), place(other));
  });
  const release = (event) => {
    if (held.delete(event.pointerId) && event.type === "pointerup" && travelled < CLICK_REACH) {
      clicked(place(event), event.target);
    }
  };
  svg.addEventListener("pointerup", release);
  svg.addEventListener("pointercancel", release);
  svg.addEventListener("pointerleave", () => pointed());
  // Without this rule the page could not be scrolled past the map: the wheel zooms a map that has the focus.
  svg.addEventListener(
    "wheel",
    (event) => {
      if (!(event.ctrlKey || svg.parentElement.contains(document.activeElement))) return;
      event.preventDefault();
      zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY / 300))), place(event));
    },
    { passive: false },
  );
}
