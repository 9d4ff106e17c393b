// `npm run picture`: makes docs/top.svg from the real program. It starts a fleet in a temporary folder, writes to it,
// lets one cluster's agent dial the wrong shard, looks at `fleet top` in a pseudo-terminal, and takes all of it away.

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openMover } from "../src/client/rebind/executor.ts";
import { program, TestFleet } from "../test/integration/local-fleet.ts";
import { TestTerminal } from "../test/integration/terminal.ts";
import { screenSvg } from "./screen-svg.ts";

const PICTURE = fileURLToPath(new URL("top.svg", import.meta.url));
const SIZE = { columns: 108, rows: 30 };
const TITLE = "fleet top: three nodes, three shards, twelve clusters, one of them with drift";
const WATCHED_MS = 40_000;
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

async function capture(fleet: TestFleet): Promise<string> {
  const { NO_COLOR: _, ...env } = fleet.env;
  const terminal = TestTerminal.open(process.execPath, [program, "top"], { cwd: fleet.home, env, ...SIZE });
  const stop = new AbortController();
  try {
    const looking = look(fleet, terminal).finally(() => stop.abort());
    const [picture] = await Promise.all([looking, write(fleet, stop.signal)]);
    return picture;
  } finally {
    await terminal.dispose();
  }
}

async function look(fleet: TestFleet, terminal: TestTerminal): Promise<string> {
  await terminal.shows("● healthy");
  await sleep(WATCHED_MS);
  await dialWrongShard(fleet, "c7", "s3");
  await terminal.shows("1 served elsewhere");
  await terminal.shows("cluster c7 drifts: elsewhere");
  // The cursor's row, below the frame, belongs to the shell.
  return screenSvg(terminal.cells.slice(0, -1), TITLE);
}

const fleet = await TestFleet.init("--shards", "3", "--clusters", "12");
try {
  await writeFile(PICTURE, await capture(fleet));
  console.log(`wrote ${join("docs", "top.svg")}`);
} finally {
  await fleet.dispose();
}
