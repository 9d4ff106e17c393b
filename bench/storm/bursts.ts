// More than a fleet can take, all at once: writes, linearizable reads, and watches whose client never reads. The
// fleet has to refuse with a delay what it cannot take. An election must not happen, since the leader is alive all
// the time.

import { setImmediate as nextTurn } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { present } from "../../src/core/base/assert.ts";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import {
  CoordinatorClient,
  ListRequest,
  WatchRequest,
} from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../../src/core/wire/rpc-error.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { type CallLimits, unary } from "../../src/core/wire/unary.ts";
import { FleetStore } from "../load/fleet-store.ts";
import { settledLeader } from "../load/store.ts";
import type { Table } from "../table.ts";

const CONNECTIONS = 8;
const DEADLINE_MS = 30_000;
const SLICE = 200;
const WRITES_WATCHED = 10;
const WRITES_AT_ONCE = 200;
/** A write that changes a row, and may be applied twice. */
const NOTHING: Operation = { kind: { $case: "recordProbe", value: { drillId: "storm", number: 1 } } };
const OUTSIDE = { ...OUTSIDE_SESSIONS, reason: "", dryRun: false };

export interface BurstSizes {
  readonly writes: number;
  readonly reads: number;
  readonly watches: number;
  /** Bursts last so long; each kind at least once. */
  readonly forMs: number;
}

const FULL: BurstSizes = { writes: 50_000, reads: 20_000, watches: 5_000, forMs: 60_000 };

type BurstKind = "writes" | "reads" | "unread watches";

/** What the bursts of one kind came to. */
export interface Bursts {
  readonly kind: BurstKind;
  rounds: number;
  calls: number;
  served: number;
  /** Refused with a delay after which they may come again. */
  refused: number;
  /** By reason or code, anything else. */
  readonly failed: Map<string, number>;
  elections: number;
  worstMs: number;
}

export async function benchBursts(sizes = FULL): Promise<readonly Table[]> {
  const store = await FleetStore.start({ nodes: 3, tls: "plaintext" });
  try {
    return [tableOf(await burst(store, sizes))];
  } finally {
    await store.dispose();
  }
}

/** Runs bursts of every kind in turn. */
export async function burst(store: FleetStore, sizes: BurstSizes): Promise<readonly Bursts[]> {
  const all: readonly Bursts[] = (["writes", "reads", "unread watches"] as const).map((kind) => ({
    ...{ kind, rounds: 0, calls: 0, served: 0, refused: 0, failed: new Map() },
    ...{ elections: 0, worstMs: 0 },
  }));
  const beganMs = performance.now();
  do {
    for (const bursts of all) await oneBurst(store, sizes, bursts);
  } while (performance.now() - beganMs < sizes.forMs);
  return all;
}

async function oneBurst(store: FleetStore, sizes: BurstSizes, bursts: Bursts): Promise<void> {
  const leader = await settledLeader(store);
  const clients = Array.from({ length: CONNECTIONS }, () => connect(leader.address));
  const before = await termOf(store);
  const beganMs = performance.now();
  try {
    if (bursts.kind === "unread watches") await watchUnread(clients, sizes.watches, bursts);
    else await call(clients, bursts.kind === "writes" ? sizes.writes : sizes.reads, bursts);
  } finally {
    for (const client of clients) client.close();
  }
  bursts.rounds += 1;
  bursts.worstMs = Math.max(bursts.worstMs, performance.now() - beganMs);
  bursts.elections += (await termOf(store)) - before;
}

/** On a connection of its own: channels to one address share theirs otherwise. */
function connect(address: string): CoordinatorClient {
  const options = { ...channelOptions, "grpc.use_local_subchannel_pool": 1 };
  return new CoordinatorClient(address, channelCredentials("insecure-loopback", address, "replica"), options);
}

/** All at once, and each once: nothing is tried again. */
async function call(clients: readonly CoordinatorClient[], count: number, bursts: Bursts): Promise<void> {
  const limits = { endMs: performance.now() + DEADLINE_MS };
  const calls: Promise<unknown>[] = [];
  for (let at = 0; at < count; at += 1) {
    const client = present(clients[at % clients.length], "there is a connection");
    calls.push(noted(bursts, bursts.kind === "writes" ? write(client, limits) : read(client, limits)));
    // A client that holds its own loop up loses its connections.
    if (at % SLICE === 0) await nextTurn();
  }
  await Promise.all(calls);
}

const write = (client: CoordinatorClient, limits: CallLimits) =>
  unary(client.submit.bind(client), { ...OUTSIDE, operation: NOTHING }, limits);

const read = (client: CoordinatorClient, limits: CallLimits) =>
  unary(client.listShards.bind(client), ListRequest.create(), limits);

/** Opens watches, and writes meanwhile what they would be told; not one of them is read. */
async function watchUnread(
  clients: readonly CoordinatorClient[],
  count: number,
  bursts: Bursts,
): Promise<void> {
  const watches = Array.from({ length: count }, (_, at) => {
    const client = present(clients[at % clients.length], "there is a connection");
    const watch = client.watch(WatchRequest.create());
    watch.on("error", () => undefined);
    return watch;
  });
  const writer = present(clients[0], "there is a connection");
  for (let round = 0; round < WRITES_WATCHED; round += 1) {
    const limits = { endMs: performance.now() + DEADLINE_MS };
    const writes = Array.from({ length: WRITES_AT_ONCE }, () => noted(bursts, write(writer, limits)));
    await Promise.all(writes);
  }
  for (const watch of watches) watch.cancel();
}

async function noted(bursts: Bursts, answer: Promise<unknown>): Promise<void> {
  bursts.calls += 1;
  try {
    await answer;
    bursts.served += 1;
  } catch (error) {
    const { code, reason } = readRpcError(error);
    if (code === status.RESOURCE_EXHAUSTED) bursts.refused += 1;
    else {
      const why = reason ?? status[code] ?? String(code);
      bursts.failed.set(why, (bursts.failed.get(why) ?? 0) + 1);
    }
  }
}

/** The newest term that any of them knows: each election begins one. */
async function termOf(store: FleetStore): Promise<number> {
  await settledLeader(store);
  const looks = await Promise.all(store.servers.map((server) => store.look(server)));
  return Math.max(...looks.map((look) => look?.term ?? 0));
}

function tableOf(all: readonly Bursts[]): Table {
  return {
    title: "More than the fleet can take, at once: no election",
    header: [
      "burst",
      "rounds",
      "calls",
      "served",
      "refused, to come again",
      "failed",
      "longest",
      "elections",
    ],
    rows: all.map(({ kind, rounds, calls, served, refused, failed, worstMs, elections }) => [
      ...[kind, rounds, calls, served, refused].map(String),
      [...failed].map(([why, count]) => `${count} ${why}`).join(", ") || "0",
      `${(worstMs / 1_000).toFixed(1)} s`,
      String(elections),
    ]),
  };
}
