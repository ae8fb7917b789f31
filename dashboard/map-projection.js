// Where places are on the map: the projection of Mercator, in degrees. The map's y runs southwards, as the screen's does.

// Mercator has no poles. Nobody sails beyond.
const MOST_NORTH = 85;

/** The y of a latitude. */
export function toY(latitude) {
  const inside = Math.max(-MOST_NORTH, Math.min(MOST_NORTH, latitude));
  return (-180 / Math.PI) * Math.log(Math.tan(Math.PI / 4 + (inside * Math.PI) / 360));
}

/** The latitude of a y. */
export function toLatitude(y) {
  return (360 / Math.PI) * Math.atan(Math.exp((-y * Math.PI) / 180)) - 90;
}

/** A longitude as one from -180 to below 180. */
export function fold(longitude) {
  return ((((longitude + 180) % 360) + 360) % 360) - 180;
}

/** The rectangle of a cell as a path of the SVG, from its western and southern edge. */
export function cellPath(west, south, degrees) {
  const top = toY(south + degrees);
  return `M${round(west)} ${round(top)}h${degrees}v${round(toY(south) - top)}h-${degrees}z`;
}

/** The rings of a GeoJSON geometry as a path. A ring goes on beyond 180 if it crosses the antimeridian. */
export function shapePath(geometry) {
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  return polygons.flat().map(ringPath).join("");
}

function ringPath(ring) {
  let before = ring[0][0];
  let turns = 0;
  const points = ring.map(([longitude, latitude]) => {
    const step = longitude - before;
    // The database joins two points the shorter way. Only the edge of the whole world is 360 degrees long.
    if (Math.abs(step) > 180 && Math.abs(step) !== 360) turns += Math.round(step / 360);
    before = longitude;
    return `${round(longitude - 360 * turns)} ${round(toY(latitude))}`;
  });
  return `M${points.join("L")}z`;
}

/** The lines of dashboard/coastline.json as a path. */
export function coastPath({ stepsPerDegree, lines }) {
  return lines.map((line) => linePath(line, stepsPerDegree)).join("");
}

function linePath(line, stepsPerDegree) {
  let [x, y] = [0, 0];
  const points = [];
  for (let index = 0; index < line.length; index += 2) {
    x += line[index];
    y += line[index + 1];
    points.push(`${round(x / stepsPerDegree)} ${round(toY(y / stepsPerDegree))}`);
  }
  return `M${points.join("L")}z`;
}

const round = (value) => Math.round(value * 1000) / 1000;
