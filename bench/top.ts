// `npm run bench -- top`: what the dashboard costs. A key press and a frame with 20 000 clusters; the processor at rest with 2 000
// clusters; and memory over 10 000 frames.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { repaintRows } from "../src/ui/cli/repaint.ts";
import { act } from "../src/ui/model/top/actions.ts";
import { frameRows } from "../src/ui/model/top/frame-rows.ts";
import type { Action } from "../src/ui/model/top/keys.ts";
import { observe } from "../src/ui/model/top/observe.ts";
import { initialTopState, type TopState } from "../src/ui/model/top/state.ts";
import { pause } from "../src/ui/top-poller.ts";
import type { TopStore } from "../src/ui/top-store.ts";
import type { Table } from "./table.ts";
import { look, openDashboard, SIZE } from "./top/dashboard.ts";
import { answerOf, type Encoded, encoded, listEvents, NODES, statusOf } from "./top/replies.ts";

interface TopSizes {
  readonly manyClusters: number;
  readonly clusters: number;
  readonly frames: number;
  readonly steadyMs: number;
}

const FULL: TopSizes = { manyClusters: 20_000, clusters: 2_000, frames: 10_000, steadyMs: 30_000 };

export async function benchTop(sizes: TopSizes = FULL): Promise<readonly Table[]> {
  return [keysTable(sizes), await steadyTable(sizes), await memoryTable(sizes)];
}

function told(state: TopState, bytes: Encoded, atMs: number): TopState {
  const events = listEvents(bytes, atMs);
  const reply = statusOf(NODES.map((id) => answerOf(id, 1_000)));
  const heard = events.reduce(observe, observe(state, { kind: "fleet", atMs, reply }));
  return observe(heard, { kind: "tick", atMs, wallMs: atMs });
}

/** A key press until its frame is painted, each just after a new answer came, when nothing is worked out yet. */
function keysTable({ manyClusters }: TopSizes): Table {
  const bytes = encoded(manyClusters);
  const fresh = () => act(told(initialTopState(0), bytes, 0), { kind: "show-view", view: "clusters" });
  const presses: readonly (readonly [string, readonly Action[]])[] = [
    ["down", [{ kind: "move", by: 1 }]],
    ["end", [{ kind: "move", by: Number.POSITIVE_INFINITY }]],
    ["filter, first letter", [{ kind: "begin-filter" }, { kind: "type", text: "9" }]],
    ["sort by name", [{ kind: "turn-sort", by: 1 }]],
    [
      "sort by shard",
      [
        { kind: "turn-sort", by: 1 },
        { kind: "turn-sort", by: 1 },
      ],
    ],
    ["open", [{ kind: "open" }]],
    ["overview", [{ kind: "show-view", view: "overview" }]],
  ];
  const rows = presses.map(([name, actions]) => {
    const first = rounds(9, () => {
      const state = fresh();
      return timed(() => paint(actions.reduce(act, state)));
    });
    const state = actions.reduce(act, fresh());
    paint(state);
    const again = rounds(50, () => timed(() => paint(observe(state, { kind: "tick", atMs: 1, wallMs: 1 }))));
    return [name, ms(first.median), ms(first.worst), ms(again.median), ms(again.worst)];
  });
  return {
    title: `top: ${manyClusters} clusters, ${SIZE.columns}x${SIZE.rows}`,
    header: ["key", "first after an answer, median", "worst", "each further frame, median", "worst"],
    rows,
  };
}

/** As if every row had changed. */
function paint(state: TopState): number {
  return repaintRows(null, frameRows(state, SIZE, look, true)).length;
}

/** Three nodes twice a second and the lists at the dashboard's own pace, each decoded; without the network. */
async function steadyTable({ clusters, steadyMs }: TopSizes): Promise<Table> {
  const bytes = encoded(clusters);
  const dashboard = await openDashboard();
  const stop = new AbortController();
  const feeding = feed(dashboard.store, bytes, clusters, stop.signal);
  await pause(Math.min(3_000, steadyMs), stop.signal);
  const [before, beganMs] = [process.cpuUsage(), performance.now()];
  await pause(steadyMs, stop.signal);
  const { user, system } = process.cpuUsage(before);
  const share = (user + system) / 1_000 / (performance.now() - beganMs);
  stop.abort();
  await feeding;
  await dashboard.close();
  const title = `top: at rest, ${clusters} clusters, three nodes at 2 Hz`;
  return {
    title,
    header: ["what", "measured"],
    rows: [["processor", `${(100 * share).toFixed(1)} % of a core`]],
  };
}

async function feed(store: TopStore, bytes: Encoded, clusters: number, signal: AbortSignal): Promise<void> {
  const restMs = Math.max(1_000, Math.min(10_000, clusters));
  const answers = NODES.map((id) => answerOf(id, 0));
  let listedMs = Number.NEGATIVE_INFINITY;
  for (let index = 1; !signal.aborted; index += 1) {
    const atMs = performance.now();
    for (const [at, id] of NODES.entries()) {
      answers[at] = answerOf(id, index);
      store.dispatch({ kind: "fleet", atMs, reply: statusOf(answers) });
    }
    if (atMs - listedMs >= restMs) {
      listedMs = atMs;
      for (const event of listEvents(bytes, atMs)) store.dispatch(event);
    }
    store.dispatch({ kind: "tick", atMs, wallMs: Date.now() });
    await pause(500, signal);
  }
}

/** The heap after a collection, early and at the end: what grows is kept. */
async function memoryTable({ frames, clusters }: TopSizes): Promise<Table> {
  const bytes = encoded(clusters);
  const dashboard = await openDashboard();
  const heapAt = async (from: number, to: number): Promise<number> => {
    for (let frame = from; frame < to; frame += 1) {
      const atMs = frame * 500;
      const reply = statusOf(NODES.map((id) => answerOf(id, frame)));
      dashboard.store.dispatch({ kind: "fleet", atMs, reply });
      if (frame % 20 === 0) for (const event of listEvents(bytes, atMs)) dashboard.store.dispatch(event);
      dashboard.store.dispatch({ kind: "tick", atMs, wallMs: atMs });
      dashboard.stdout.written = "";
      await new Promise((resolve) => setImmediate(resolve));
    }
    return heapMegabytes();
  };
  // The charts are full after 1 200 of them.
  const first = Math.floor(frames / 5);
  const early = await heapAt(0, first);
  const late = await heapAt(first, frames);
  await dashboard.close();
  return {
    title: `top: memory over ${frames} frames`,
    header: ["what", "measured"],
    rows: [
      [`heap after ${first} frames`, `${early.toFixed(1)} MB`],
      [`heap after ${frames} frames`, `${late.toFixed(1)} MB`],
    ],
  };
}

function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  return process.memoryUsage().heapUsed / 1_000_000;
}

function timed(work: () => unknown): number {
  const beganMs = performance.now();
  work();
  return performance.now() - beganMs;
}

function rounds(count: number, measure: () => number): { readonly median: number; readonly worst: number } {
  const sorted = Array.from({ length: count }, measure).sort((a, b) => a - b);
  return { median: sorted[Math.floor(count / 2)] ?? 0, worst: sorted.at(-1) ?? 0 };
}

const ms = (value: number): string => `${value.toFixed(1)} ms`;
