// The same random operations through the API of a fleet and of an etcd. Both must give the same answers, revisions
// and errors, and at last the same events, leases and hashes. Operations are drawn by seed
// (test/unit/kv/random-operations.ts).

import { isDeepStrictEqual } from "node:util";
import type { ServiceError } from "@grpc/grpc-js";
import type { KeyOperationKind } from "../../src/core/kv/command-codec.ts";
import {
  HashKVRequest,
  LeaseLeasesRequest,
  LeaseTimeToLiveRequest,
  RangeRequest,
  WatchRequest,
  type WatchResponse,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { call, type EtcdClients } from "../integration/etcd-clients.ts";
import { grant } from "../unit/kv/operations.ts";
import { RandomOperations } from "../unit/kv/random-operations.ts";

export interface Difference {
  readonly asked: string;
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** The first difference; null = both are the same. Both must be fresh. */
export async function compareRandom(
  members: readonly EtcdClients[],
  etcd: EtcdClients,
  seed: number,
  operations: number,
): Promise<Difference | null> {
  const random = new RandomOperations(seed);
  const extent = { current: 1, compacted: -1 };
  const both = async (what: unknown, ask: (clients: EtcdClients) => Promise<unknown>) => {
    // Every member answers alike.
    const ours = await answered(ask(random.pick(members)));
    const theirs = await answered(ask(etcd));
    const isSame = isDeepStrictEqual(ours, theirs);
    return isSame ? null : { asked: JSON.stringify(shown(what)), ours, theirs };
  };
  for (let step = 0; step < operations; step += 1) {
    const operation = lasting(random.operation(extent));
    const range = random.range(extent);
    const wrong =
      (await both(operation, (clients) => perform(clients, operation))) ??
      (await both(range, ({ kv }) => call(kv.range.bind(kv), range)));
    if (wrong !== null) return wrong;
    await look(etcd, extent, operation);
  }
  for (const [what, ask] of endings(extent)) {
    const wrong = await both(what, ask);
    if (wrong !== null) return wrong;
  }
  return null;
}

function endings(extent: {
  readonly current: number;
  readonly compacted: number;
}): readonly (readonly [string, (clients: EtcdClients) => Promise<unknown>])[] {
  const leases = ["101", "102", "103"].map((ID) => {
    const request = LeaseTimeToLiveRequest.fromPartial({ ID, keys: true });
    const ask = async ({ lease }: EtcdClients) => {
      const { grantedTTL, keys } = await call(lease.leaseTimeToLive.bind(lease), request);
      return { grantedTTL, keys: keys.map(String).sort() };
    };
    return [`lease ${ID}`, ask] as const;
  });
  return [
    ["hash", ({ maintenance }) => call(maintenance.hashKv.bind(maintenance), HashKVRequest.fromPartial({}))],
    ["events", (clients) => eventsSince(clients, extent.compacted + 1, extent.current)],
    ["all leases", ({ lease }) => listed(lease)],
    ...leases,
  ];
}

async function listed(lease: EtcdClients["lease"]): Promise<string[]> {
  const { leases } = await call(lease.leaseLeases.bind(lease), LeaseLeasesRequest.fromPartial({}));
  return leases.map(({ ID }) => ID).sort();
}

/** Where random operations may look next. */
async function look(
  { kv }: EtcdClients,
  extent: { current: number; compacted: number },
  operation: KeyOperationKind,
): Promise<void> {
  const { header } = await call(kv.range.bind(kv), RangeRequest.fromPartial({ key: Buffer.from("none") }));
  extent.current = header?.revision ?? 0;
  if (operation.$case !== "compaction" || operation.value.revision > extent.current) return;
  extent.compacted = Math.max(extent.compacted, operation.value.revision);
}

/** Leases that end of their own accord would make the answers depend on time. */
function lasting(operation: KeyOperationKind): KeyOperationKind {
  if (operation.$case !== "leaseGrant") return operation;
  const { ID, TTL } = operation.value;
  return grant(ID === "0" ? "101" : ID, TTL + 1_000);
}

function perform({ kv, lease }: EtcdClients, operation: KeyOperationKind): Promise<unknown> {
  switch (operation.$case) {
    case "put":
      return call(kv.put.bind(kv), operation.value);
    case "deleteRange":
      return call(kv.deleteRange.bind(kv), operation.value);
    case "txn":
      return call(kv.txn.bind(kv), operation.value);
    case "compaction":
      return call(kv.compact.bind(kv), { ...operation.value, physical: true });
    case "leaseGrant":
      return call(lease.leaseGrant.bind(lease), operation.value);
    case "leaseRevoke":
      return call(lease.leaseRevoke.bind(lease), operation.value);
    default:
      throw new Error(`etcd has no ${operation.$case}`);
  }
}

async function eventsSince({ watch }: EtcdClients, startRevision: number, through: number): Promise<unknown> {
  const stream = watch.watch();
  stream.on("error", () => undefined);
  const all = Buffer.from([0]);
  const value = { key: all, rangeEnd: all, startRevision, prevKv: true };
  stream.write(WatchRequest.fromPartial({ requestUnion: { $case: "createRequest", value } }));
  const events: unknown[] = [];
  try {
    for await (const response of stream as AsyncIterable<WatchResponse>) {
      events.push(...response.events);
      const last = response.events.at(-1)?.kv?.modRevision ?? 0;
      if (response.canceled || last >= through) return events;
    }
    return events;
  } finally {
    stream.cancel();
  }
}

/** What a caller compares: the answer without who gave it, or the error's code and text. */
async function answered(asked: Promise<unknown>): Promise<unknown> {
  return asked.then(shown, ({ code, details }: ServiceError) => ({ code, details }));
}

function shown(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("latin1");
  if (Array.isArray(value)) return value.map(shown);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => {
    const isHeader = name === "header" && field !== undefined;
    return [name, isHeader ? { revision: (field as { revision: number }).revision } : shown(field)];
  });
  return Object.fromEntries(fields);
}
