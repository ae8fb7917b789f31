// Reading a chart with a finger: dragging sideways moves the cursor, dragging up or down scrolls the page.

/** Calls onMove(left) while a finger or pen is on an element; left: its place in pixels. */
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
