// The charts of a drill's page, as SVG: acknowledged writes, how long they took, and who had which role in which term, over time.
// The fault's window is shaded in each. Letters and patterns say what colours say. Pure.

import { xml } from "./junit.ts";
import type { Observation, RoleChange } from "./observation.ts";

const WIDTH = 720;
const LEFT = 72;
const RIGHT = 12;
const PLOT = WIDTH - LEFT - RIGHT;
const TOP = 8;
const AXIS = 22;
/** Where no write was acknowledged for so long, the line is broken: nothing was measured there. */
const GAP_MS = 300;

type Seen = Pick<Observation, "endedMs" | "fault" | "slices" | "roles">;

export function throughputChart(seen: Seen): string {
  // Even, so that the middle of the scale is a number of writes too.
  const most = 2 * Math.ceil(Math.max(2, ...seen.slices.map(({ acknowledged }) => acknowledged)) / 2);
  const height = 120;
  const bars = seen.slices
    .filter(({ acknowledged }) => acknowledged > 0)
    .map(({ atMs, acknowledged }) => {
      const tall = (acknowledged / most) * height;
      const x = round(at(atMs, seen));
      const width = round(Math.max(1, at(atMs + 100, seen) - at(atMs, seen) - 0.5));
      return `<rect class="bar" x="${x}" y="${round(TOP + height - tall)}" width="${width}" height="${round(tall)}"/>`;
    });
  return chart("Acknowledged writes a tenth of a second", seen, height, [
    ...scale(most, height, String),
    ...bars,
  ]);
}

export function latencyChart(seen: Seen): string {
  const height = 120;
  const most = Math.max(1, ...seen.slices.map(({ worstMs }) => worstMs ?? 0));
  // Waits differ by orders of magnitude: a fault's would flatten all others.
  const y = (ms: number) => TOP + height - (Math.log10(1 + ms) / Math.log10(1 + most)) * height;
  const line = (name: string, read: (slice: Observation["slices"][number]) => number | null) => {
    const runs: string[][] = [];
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const slice of seen.slices) {
      const ms = read(slice);
      if (ms === null) continue;
      if (slice.atMs - lastMs > GAP_MS) runs.push([]);
      lastMs = slice.atMs;
      runs.at(-1)?.push(`${round(at(slice.atMs + 50, seen))},${round(y(ms))}`);
    }
    // A run of one point is a dot: its line has no length.
    const polyline = (points: readonly string[]) =>
      `<polyline class="${name}" points="${(points.length === 1 ? [...points, ...points] : points).join(" ")}"/>`;
    return runs.map(polyline).join("");
  };
  const marks = [1, 10, 100, 1_000, 10_000].filter((ms) => ms <= most);
  return chart("Wait of a write, median (solid) and worst (dashed), logarithmic", seen, height, [
    ...marks.map((ms) => tick(y(ms), ms >= 1_000 ? `${ms / 1_000} s` : `${ms} ms`)),
    line("median", ({ medianMs }) => medianMs),
    line("worst", ({ worstMs }) => worstMs),
  ]);
}

const LANE = 26;
const NAME_CHARACTERS = 8;
const LETTERS = { leader: "L", follower: "f", candidate: "c", unreachable: "✗" } as const;

export function rolesChart(seen: Seen): string {
  const nodes = [...new Set(seen.roles.map(({ node }) => node))].sort();
  const lanes = nodes.flatMap((node, row) => {
    const y = TOP + row * LANE;
    const changes = seen.roles.filter((change) => change.node === node);
    return [
      `<text class="name" x="${LEFT - 6}" y="${y + 15}" text-anchor="end"><title>${xml(node)}</title>${xml(shortName(node))}</text>`,
      ...changes.map((change, nth) => span(change, changes[nth + 1]?.atMs ?? seen.endedMs, y, seen)),
    ];
  });
  return chart(
    "Roles and terms: L leader, f follower, c candidate, ✗ does not answer",
    seen,
    nodes.length * LANE,
    lanes,
  );
}

/** As much of its beginning as stands beside a lane; more would be cut on the left. The whole name is a tooltip. */
const shortName = (name: string): string =>
  name.length <= NAME_CHARACTERS ? name : `${name.slice(0, NAME_CHARACTERS - 1)}…`;

function span({ atMs, role, term }: RoleChange, endMs: number, y: number, seen: Seen): string {
  const x = at(Math.min(atMs, seen.endedMs), seen);
  const width = Math.max(1, at(Math.min(endMs, seen.endedMs), seen) - x);
  const words = `${LETTERS[role]}${term === null ? "" : ` ${term}`}`;
  const label = width > 24 ? `<text class="role" x="${round(x + 4)}" y="${y + 15}">${xml(words)}</text>` : "";
  return `<rect class="${role}" x="${round(x)}" y="${y}" width="${round(width)}" height="${LANE - 4}"><title>${xml(words)}</title></rect>${label}`;
}

function chart(title: string, seen: Seen, height: number, content: readonly string[]): string {
  const total = TOP + height + AXIS;
  const { fromMs, toMs } = seen.fault;
  const x = at(fromMs, seen);
  const width = Math.max(1, at(toMs ?? seen.endedMs, seen) - x);
  const seconds = Math.max(1, Math.ceil(seen.endedMs / 1_000));
  const every = Math.ceil(seconds / 10);
  const marks = Array.from({ length: Math.floor(seconds / every) + 1 }, (_, nth) => nth * every);
  return [
    `<figure><figcaption>${xml(title)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${total}" role="img" aria-label="${xml(title)}">`,
    `<rect class="fault" x="${round(x)}" y="${TOP}" width="${round(width)}" height="${height}"/>`,
    ...content,
    `<line class="axis" x1="${LEFT}" y1="${TOP + height}" x2="${WIDTH - RIGHT}" y2="${TOP + height}"/>`,
    ...marks
      .filter((mark) => mark * 1_000 <= seen.endedMs)
      .map((mark) => {
        return `<text class="tick" x="${round(at(mark * 1_000, seen))}" y="${total - 6}" text-anchor="middle">${mark} s</text>`;
      }),
    "</svg></figure>",
  ].join("\n");
}

function scale(most: number, height: number, words: (value: number) => string): string[] {
  return [most, most / 2].map((value) => tick(TOP + height - (value / most) * height, words(round(value))));
}

function tick(y: number, words: string): string {
  const line = `<line class="grid" x1="${LEFT}" y1="${round(y)}" x2="${WIDTH - RIGHT}" y2="${round(y)}"/>`;
  return `${line}<text class="tick" x="${LEFT - 6}" y="${round(y + 4)}" text-anchor="end">${xml(words)}</text>`;
}

const at = (ms: number, { endedMs }: Seen): number => LEFT + (ms / Math.max(1, endedMs)) * PLOT;
const round = (value: number): number => Math.round(value * 10) / 10;
