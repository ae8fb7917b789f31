// A front end that uses the whole API. tests/test_api_types.py compiles it. Each @ts-expect-error stands above a wrong use: the
// compiler complains if the line below it is right.
import type { AlertEvent, AreaHistory, paths, StreamEvents, VesselActivity } from "../../dashboard/api.d.ts";

type Ok<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Wanted } } } ? Wanted : never;

async function get<Path extends keyof paths>(path: Path, query?: Query<Path>): Promise<Ok<Path>> {
  const wanted = Object.entries(query ?? {}).map(([name, value]) => [name, String(value)]);
  const response = await fetch(`${path}?${new URLSearchParams(wanted)}`);
  if (!response.ok) throw new Error(response.statusText);
  return response.json() as Promise<Ok<Path>>;
}

function listen<Name extends keyof StreamEvents>(stream: EventSource, name: Name, told: (data: StreamEvents[Name]) => void): void {
  stream.addEventListener(name, (event) => told(JSON.parse((event as MessageEvent<string>).data)));
}

// --- the figures and the stream

const stats = await get("/api/database/vessel-stats-cached");
const figures: number[] = [
  stats.activeNow,
  stats.activeLastHour,
  stats.activeLast24h,
  stats.totalVessels,
  stats.positionsLastHour,
  stats.speedAvg,
];
const age: number = Date.now() - Date.parse(stats.updatedAt);
const cargo: number | undefined = stats.vesselTypes["Cargo"];
const flags: string[] = stats.topFlags.map(({ flag, count }) => `${flag}: ${count.toFixed(0)}`);
// @ts-expect-error - no such figure
stats.activeYesterday;
// @ts-expect-error - flags are an array, in order
stats.topFlags["NO"];

const stream = new EventSource("/api/database/vessel-stats-stream");
listen(stream, "message", (told) => figures.push(told.activeNow));
listen(stream, "activity", (told) => draw(told));
listen(stream, "heartbeat", (told) => {
  const clock: Date = new Date(told.now);
  const patience: number = told.staleAfterSeconds ?? 0;
  const state: "live" | "late" | "quiet" | null = told.feed?.state ?? null;
  const newest: string | null | undefined = told.feed?.newestReport;
  // @ts-expect-error - it is null until it is known
  told.staleAfterSeconds.toFixed();
  // @ts-expect-error - no such state
  if (told.feed?.state === "late-ish") return;
  console.log(clock, patience, state, newest, told.databaseAway, told.servable, told.simulated);
});
// @ts-expect-error - no such event
listen(stream, "refresh", () => undefined);

// --- the document

function draw(activity: VesselActivity): void {
  const { underWay, stopped, unknown, newLastHour, goneSilent } = activity.movement;
  const share: number = underWay / (underWay + stopped + unknown);
  const types: [string, number][] = activity.types.map((type) => [type.name, type.activeNow / type.fleet]);
  const usual = activity.usual.activeNow;
  const band: string = usual.low === null ? "" : `${usual.low}-${usual.high} of ${usual.weeks} weeks`;
  const below: boolean = usual.isBelow === true;
  for (const [west, south, now, before] of activity.dark?.cells ?? []) console.log(west, south, `${now} of ${before}`);
  const areas: number = activity.areas.reduce((sum, area) => sum + area.entered - area.left, 0);
  for (const alert of activity.alerts) console.log(alert.text, alert.raisedAt, alert.threshold ?? alert.usualLow, alert.area);
  // @ts-expect-error - a count is a number
  const wrong: string = activity.movement.underWay;
  // @ts-expect-error - the edge of a band may be null
  usual.low.toFixed();
  console.log(share, types, band, below, areas, newLastHour, goneSilent, activity.flags[0]?.flag, wrong);
}

draw(await get("/api/database/vessel-activity"));

// --- where vessels are

const grid = await get("/api/database/vessel-activity/grid", { degrees: "0.5", window: "1h", box: "3,51,5,53" });
for (const [west, south, count] of grid.cells) console.log(west + south, count, grid.omitted);
// @ts-expect-error - a cell has three numbers
grid.cells[0]?.[3];
// @ts-expect-error - no such size
await get("/api/database/vessel-activity/grid", { degrees: "2" });

const { areas } = await get("/api/database/vessel-activity/areas");
for (const { name, box, shape, activeNow } of areas) {
  const [west, south, east, north] = box;
  const outlines = shape?.type === "Polygon" ? [shape.coordinates] : (shape?.coordinates ?? []);
  const corners: number[] = outlines.flat(2).map(([longitude, latitude]) => longitude + latitude);
  console.log(name, west, south, east, north, corners, activeNow ?? "not counted yet");
}
const port: AreaHistory = await get("/api/database/vessel-activity/areas/history", { area: "Rotterdam", range: "7d" });
const samples: [string, number | null | undefined][] = port.times.map((time, index) => [time, port.activeNow[index]]);
// @ts-expect-error - the area must be named
await get("/api/database/vessel-activity/areas/history", { range: "7d" });

// --- lists and the past

const list = await get("/api/database/vessel-activity/vessels", { area: "Rotterdam", state: "underWay", sort: "speed", limit: 9 });
const after: string = JSON.stringify(list.next);
const names: string[] = list.vessels.map((vessel) => vessel.name ?? vessel.mmsi ?? vessel.id);
// @ts-expect-error - no such order
await get("/api/database/vessel-activity/vessels", { order: "up" });

const past = await get("/api/database/vessel-stats-history", { from: "2026-01-31T00:00Z", to: "2026-01-31T12:00Z" });
const points: [number, number | null | undefined][] = past.time.map((second, index) => [second, past.activeNow[index]]);
const lastWeek: number | null = past.compare.weekBefore?.activeNow ?? null;
const lowest: number[] = past.toMin.activeNow.map((distance, index) => (past.activeNow[index] ?? 0) - (distance ?? 0));
const byType = await get("/api/database/vessel-activity/history", { range: "30d" });
const layers: [string, (number | null)[]][] = byType.types.map((type) => [type.name ?? "others", type.activeLastHour]);
// @ts-expect-error - an hour without a sample is null
const hours: number[] = byType.types[0]?.activeLastHour ?? [];

// --- the receiver of the webhook

export function receive(event: AlertEvent): string {
  // @ts-expect-error - an alert is raised or cleared
  if (event.event === "opened") return "";
  return `${event.id} ${event.text} ${event.alert.clearedAt ?? "is open"}`;
}

console.log(age, cargo, flags, samples, after, names, points, lastWeek, lowest, layers, hours);
