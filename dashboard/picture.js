// The PNG file of the large chart. This file is loaded when a reader asks for one.

import * as format from "./format.js";
import * as range from "./range.js";
import { say } from "./words.js";

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/**
 * Saves a chart as a PNG file, with its title and its legend.
 *
 * chart: its canvas; history: what it shows; lines: those that it shows; scale: how many pixels a pixel of ordinary type is.
 */
export function save({ chart: inner, history, lines, scale }) {
  const edge = 24 * scale;
  const { fontFamily } = getComputedStyle(document.body);
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const titleFont = `600 ${18 * scale}px ${fontFamily}`;
  const legendFont = `${13 * scale}px ${fontFamily}`;

  // Gives each piece its place, in several rows if the picture is narrow. Returns the height of the rows after the first.
  const place = (pieces, font, lead, space) => {
    context.font = font;
    let [x, row] = [0, 0];
    for (const piece of pieces) {
      const width = lead + context.measureText(piece.label).width;
      if (x > 0 && x + width > inner.width) [x, row] = [0, row + 1];
      Object.assign(piece, { x: edge + x, row });
      x += width + space;
    }
    return row * 24 * scale;
  };
  const end = format.dateAndTime(Date.parse(history.to));
  const words = say("pictureTitle", { range: range.inWords(history.range), end }).split(" ");
  const title = words.map((label) => ({ label, ink: "--ink" }));
  const simulated = document.getElementById("simulated");
  if (!simulated.hidden) title.push({ label: simulated.textContent.replaceAll(" ", "\u00a0"), ink: "--warn" });
  const legendTop = 52 * scale + place(title, titleFont, 0, 5 * scale);
  const top = legendTop + 24 * scale + place(lines, legendFont, 32 * scale, 20 * scale);

  canvas.width = inner.width + 2 * edge;
  canvas.height = inner.height + top + edge;
  context.fillStyle = colour("--surface");
  context.fillRect(0, 0, canvas.width, canvas.height);
  // In Arabic the words begin at the right.
  context.direction = document.documentElement.dir;
  context.font = titleFont;
  for (const { label, ink, x, row } of title) {
    context.fillStyle = colour(ink);
    context.fillText(label, across(context, x), (30 + 24 * row) * scale);
  }
  context.font = legendFont;
  context.fillStyle = colour("--ink");
  for (const line of lines) drawLegendEntry(context, line, legendTop + 24 * scale * line.row, scale);
  context.drawImage(inner, edge, top);
  canvas.toBlob((blob) => saveAsFile(blob, range.inFileName(history.range)));
}

const across = ({ direction, canvas }, x) => (direction === "rtl" ? canvas.width - x : x);

function drawLegendEntry(context, line, y, scale) {
  context.strokeStyle = line.ink;
  context.lineWidth = line.width * scale;
  context.setLineDash((line.dash ?? []).map((length) => length * scale));
  context.beginPath();
  context.moveTo(across(context, line.x), y);
  context.lineTo(across(context, line.x + 26 * scale), y);
  context.stroke();
  context.fillText(line.label, across(context, line.x + 32 * scale), y + 4 * scale);
}

function saveAsFile(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `vessel-activity-${name}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
