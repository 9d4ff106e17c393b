// `npm run picture`: makes docs/top.svg from the real program. It starts a fleet in a temporary folder, writes to it
// and kills its leader. Then one cluster's agent dials the wrong shard. `fleet top --record` records all of that. The
// picture is the end of the replay, in a pseudo-terminal.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openMover } from "../src/client/rebind/executor.ts";
import { leaderOf, program, TestFleet } from "../test/integration/local-fleet.ts";
import { TestTerminal } from "../test/integration/terminal.ts";
import { screenSvg } from "./screen-svg.ts";

const PICTURE = fileURLToPath(new URL("top.svg", import.meta.url));
const SIZE = { columns: 108, rows: 30 };
const TITLE =
  "fleet top --replay: a leader was killed and came back, and one of twelve clusters is served elsewhere";
const WATCHED_MS = 40_000;
const AFTER_MS = 6_000;
const RIGHT = "\u001b[C";
/** Of ten seconds each: beyond the end. */
const SEEKS = 60;
const WRITES_PER_WAVE = 60;

/** Writes in waves until told to stop, so that the sparkline has hills. */
async function write(fleet: TestFleet, stop: AbortSignal): Promise<void> {
  const client = await fleet.client();
  for (let number = 1; !stop.aborted; number += 1) {
    await client.submit({ kind: { $case: "recordProbe", value: { drillId: "picture", number } } });
    const wave = (1 + Math.sin((2 * Math.PI * number) / WRITES_PER_WAVE)) / 2;
    await sleep(20 + 120 * wave);
  }
}

/** The agent of `cluster` dials another shard than was declared, as after a deploy with the wrong address. */
async function dialWrongShard(fleet: TestFleet, cluster: string, shard: string): Promise<void> {
  const client = await fleet.client();
  const { shards } = await client.listShards();
  const address = shards.find((view) => view.shard?.shardId === shard)?.shard?.address ?? "";
  const mover = await openMover({ kind: "local" }, fleet.directory);
  await mover.moveAgent({ cluster, from: "", to: shard, migrationId: "" }, address);
}

/** Records an incident: the leader is killed and comes back, then a cluster is served elsewhere. */
async function record(fleet: TestFleet, file: string): Promise<void> {
  const terminal = openTop(fleet, "--record", file);
  const stop = new AbortController();
  try {
    const incident = suffer(fleet, terminal).finally(() => stop.abort());
    await Promise.all([incident, write(fleet, stop.signal)]);
    terminal.type("q");
    await terminal.ended;
  } finally {
    await terminal.dispose();
  }
}

async function suffer(fleet: TestFleet, terminal: TestTerminal): Promise<void> {
  await terminal.shows("● healthy");
  await sleep(WATCHED_MS);
  const client = await fleet.client();
  const leader = leaderOf(await fleet.untilStatus(client, (status) => status.leader !== null));
  await fleet.kill(leader);
  await terminal.shows(`${leader} is down`);
  await sleep(AFTER_MS);
  await fleet.start(leader);
  await terminal.shows("● healthy");
  await sleep(AFTER_MS);
  await dialWrongShard(fleet, "c7", "s3");
  await terminal.shows("cluster c7 drifts: elsewhere");
  await sleep(AFTER_MS);
}

/** The end of the incident, from its recording: no fleet is asked. */
async function replay(fleet: TestFleet, file: string): Promise<string> {
  const terminal = openTop(fleet, "--replay", file);
  try {
    await terminal.shows("REPLAY");
    terminal.type(`${RIGHT}`.repeat(SEEKS));
    await terminal.shows("1 served elsewhere");
    await terminal.shows("cluster c7 drifts: elsewhere");
    // The cursor's row, below the frame, belongs to the shell.
    return screenSvg(terminal.cells.slice(0, -1), TITLE);
  } finally {
    await terminal.dispose();
  }
}

function openTop(fleet: TestFleet, ...args: readonly string[]): TestTerminal {
  const { NO_COLOR: _, ...env } = fleet.env;
  return TestTerminal.open(process.execPath, [program, "top", ...args], { cwd: fleet.home, env, ...SIZE });
}

const fleet = await TestFleet.init("--shards", "3", "--clusters", "12");
try {
  const file = join(fleet.home, "incident.top");
  await record(fleet, file);
  await writeFile(PICTURE, await replay(fleet, file));
  console.log(`wrote ${join("docs", "top.svg")}`);
} finally {
  await fleet.dispose();
}
