// Many watchers of the domains, and one full batch of moves. It measures how long it takes until the last watcher has
// seen all moves. It also measures how long a short question to the same coordinator takes meanwhile.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { Target } from "../../src/client/context/target.ts";
import type { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { batches, movesOn } from "../../src/core/lab/domain-moves.ts";
import { LAB_DOMAIN_KEY } from "../../src/core/lab/names.ts";
import type { LabSize } from "../../src/core/lab/size.ts";
import { WatchTable } from "../../src/core/wire/gen/fleet/v1/views.ts";

const BATCH = 4_096;
const DEADLINE_MS = 30_000;

export interface Told {
  readonly toldMs: number;
  readonly worstLookMs: number;
}

export async function tellWatchers(
  client: FleetClient,
  target: Target,
  size: LabSize,
  count: number,
): Promise<Told> {
  const { domains } = await client.listDomains({ filter: { key: LAB_DOMAIN_KEY }, rowsMax: BATCH });
  const moves = present(batches(movesOn(size, domains))[0], "a lab has domains");
  const abort = new AbortController();
  const watchers = Array.from({ length: count }, () => watcher(client, abort.signal, moves.length));
  await Promise.all(watchers.map(({ began }) => began));
  const looker = new Worker(new URL("./looker.ts", import.meta.url), { workerData: target });
  await once(looker, "message");
  const startedMs = performance.now();
  const operation = { kind: { $case: "moveDomains", value: { moves } } } as const;
  await client.submit(operation, { reason: "bench", deadlineMs: DEADLINE_MS });
  await Promise.all(watchers.map(({ told }) => told));
  const toldMs = performance.now() - startedMs;
  abort.abort();
  looker.postMessage("enough");
  const [worstLookMs] = await once(looker, "message");
  await looker.terminate();
  return { toldMs, worstLookMs };
}

/** `began`: its stream is open. `told`: it has heard of so many domains. */
function watcher(client: FleetClient, signal: AbortSignal, wanted: number) {
  const { promise: began, resolve: begin } = Promise.withResolvers<void>();
  const follow = async () => {
    let changes = 0;
    for await (const event of client.watch({ tables: [WatchTable.DOMAINS], signal })) {
      begin();
      if (event.kind === "changes") changes += event.changes.length;
      if (changes >= wanted) return;
    }
    throw new Error("the watch ended before all was told");
  };
  return { began, told: follow() };
}
