// The same random operations to the key space and to a real etcd: same answers, revisions, errors, events and hashes.
// Without an etcd on the PATH the test says so and is skipped. FLEET_SEED=N draws other operations.

import { credentials, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drained } from "../../src/core/fleet/slices.ts";
import type { KeyOperationKind } from "../../src/core/kv/command-codec.ts";
import type { KeyError } from "../../src/core/kv/key-error.ts";
import { KeySpace } from "../../src/core/kv/key-space.ts";
import {
  KVClient,
  LeaseClient,
  MaintenanceClient,
  WatchClient,
  type WatchResponse,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../src/core/wire/gen/etcd/mvccpb/kv.ts";
import { bytes, compact, grant, outcome, perform, put, text } from "../unit/kv/operations.ts";
import { RandomOperations } from "../unit/kv/random-operations.ts";
import { lacksEtcd, RealEtcd } from "./real-etcd.ts";

const SEED = Number(process.env["FLEET_SEED"] ?? 14);
const OPERATIONS = 400;
const TEXTS: Partial<Record<KeyError, string>> = {
  "empty-key": "etcdserver: key is not provided",
  "key-not-found": "etcdserver: key not found",
  "value-provided": "etcdserver: value is provided",
  "lease-provided": "etcdserver: lease is provided",
  "too-many-operations": "etcdserver: too many operations in txn request",
  "duplicate-key": "etcdserver: duplicate key given in txn request",
  compacted: "etcdserver: mvcc: required revision has been compacted",
  "future-revision": "etcdserver: mvcc: required revision is a future revision",
  "lease-not-found": "etcdserver: requested lease not found",
  "lease-exists": "etcdserver: lease already exists",
  "lease-ttl-too-large": "etcdserver: too large lease TTL",
};

const isLeftOut = lacksEtcd();
let etcd: RealEtcd;
let clients: ReturnType<typeof connect>;

beforeAll(async () => {
  if (isLeftOut) return;
  etcd = await RealEtcd.start();
  clients = connect(etcd.address);
});
afterAll(async () => {
  if (isLeftOut) return;
  for (const client of Object.values(clients)) client.close();
  await etcd.dispose();
});

function connect(address: string) {
  const insecure = credentials.createInsecure();
  return {
    kv: new KVClient(address, insecure),
    lease: new LeaseClient(address, insecure),
    maintenance: new MaintenanceClient(address, insecure),
    watch: new WatchClient(address, insecure),
  };
}

test.skipIf(isLeftOut)(
  `random operations come to the same as in etcd (seed ${SEED})`,
  async () => {
    const random = new RandomOperations(SEED);
    const space = new KeySpace();
    const extent = () => ({ current: space.currentRevision, compacted: space.compactRevision });
    for (let step = 0; step < OPERATIONS; step += 1) {
      const operation = lasting(random.operation(extent()));
      const what = `operation ${step}: ${JSON.stringify(plain(operation))}`;
      expect(shownOutcome(outcome(perform(space, operation))), what).toEqual(await ask(operation));
      const request = random.range(extent());
      const read = space.range(request);
      const answered = await call((done) => clients.kv.range(request, done));
      const asked = `range after ${what}: ${JSON.stringify(plain(request))}`;
      expect(shownOutcome(read.ok ? read.response : read.error), asked).toEqual(answered);
    }
    await compareLeases(space);
    await compareHashes(space);
    await compareEvents(space);
    expect(space.currentRevision).toBeGreaterThan(100);
  },
  60_000,
);

test.skipIf(isLeftOut)("etcd's limits are ours", async () => {
  const space = new KeySpace();
  const ranges = Array.from({ length: 129 }, () => put("limits"));
  const txn = (count: number): KeyOperationKind => ({
    $case: "txn",
    value: {
      compare: [],
      success: ranges.slice(0, count).map((_, at) => ({
        request: {
          $case: "requestPut" as const,
          value: {
            key: bytes(`limits/${at}`),
            value: bytes(""),
            lease: "0",
            prevKv: false,
            ignoreValue: false,
            ignoreLease: false,
          },
        },
      })),
      failure: [],
    },
  });
  for (const operation of [grant("9001", 1), grant("9002", 9_000_000_001), txn(129)]) {
    const ours = outcome(perform(space, operation));
    const theirs = await ask(operation);
    const withoutRevision = (value: unknown) => JSON.stringify(value).replace(/"revision":\d+/g, "");
    expect(withoutRevision(shownOutcome(ours))).toBe(withoutRevision(theirs));
  }
});

/** Leases that end of their own accord would make the test depend on time. */
function lasting(operation: KeyOperationKind): KeyOperationKind {
  if (operation.$case !== "leaseGrant") return operation;
  // etcd would choose an id for the id 0.
  const ID = operation.value.ID === "0" ? "101" : operation.value.ID;
  return grant(ID, operation.value.TTL + 1_000);
}

function ask(operation: KeyOperationKind): Promise<unknown> {
  const { kv, lease } = clients;
  switch (operation.$case) {
    case "put":
      return call((done) => kv.put(operation.value, done));
    case "deleteRange":
      return call((done) => kv.deleteRange(operation.value, done));
    case "txn":
      return call((done) => kv.txn(operation.value, done));
    case "compaction":
      return call((done) => kv.compact({ ...operation.value, physical: true }, done));
    case "leaseGrant":
      return call((done) => lease.leaseGrant(operation.value, done));
    case "leaseRevoke":
      return call((done) => lease.leaseRevoke(operation.value, done));
    default:
      throw new Error(`etcd has no ${operation.$case}`);
  }
}

async function compareLeases(space: KeySpace): Promise<void> {
  for (const { id } of space.leases.all()) {
    const request = { ID: id, keys: true };
    const shown = (await call((done) => clients.lease.leaseTimeToLive(request, done))) as {
      keys: string[];
      grantedTTL: number;
    };
    expect([...shown.keys].sort()).toEqual(space.leases.keysOf(id));
    expect(shown.grantedTTL).toBe(space.leases.get(id)?.ttlSeconds);
  }
}

async function compareHashes(space: KeySpace): Promise<void> {
  // Until 3.4.23 at least, etcd answers for revisions after the compaction's only.
  const first = Math.max(1, space.compactRevision) + 1;
  for (const revision of [0, first, first + 1, Math.floor((first + space.currentRevision) / 2)]) {
    const theirs = await call((done) => clients.maintenance.hashKv({ revision }, done));
    expect(hashAt(space, revision)).toMatchObject(hashOf(theirs));
  }
  // A compaction changes what is hashed.
  const operation = compact(space.currentRevision - 20);
  expect(shownOutcome(outcome(perform(space, operation)))).toEqual(await ask(operation));
  const theirs = await call((done) => clients.maintenance.hashKv({ revision: 0 }, done));
  expect(hashAt(space, 0)).toMatchObject(hashOf(theirs));
}

function hashAt(space: KeySpace, revision: number): object {
  const read = space.hashKv(revision);
  if (!read.ok) return { error: TEXTS[read.error] };
  return { hash: drained(read.response.hash), compactRevision: space.compactRevision };
}

function hashOf(answer: unknown): object {
  if (typeof answer === "string") return { error: answer };
  const { hash, compactRevision } = answer as { hash: number; compactRevision: number };
  return { hash, compactRevision };
}

const EVERYTHING = {
  ...{ key: bytes("\0"), rangeEnd: bytes("\0"), prevKv: false },
  ...{ eventsMax: 100_000, bytesMax: Number.POSITIVE_INFINITY },
};

/** All events since the compaction, and the answer to a watch before it. */
async function compareEvents(space: KeySpace): Promise<void> {
  // Until 3.4.33 etcd drops a deletion at the compaction's own revision.
  const from = space.compactRevision + 1;
  const ours = space.eventsSince({ ...EVERYTHING, revision: from });
  if (!ours.ok) throw new Error("not compacted");
  const theirs = await watch(from, ours.events.length);
  expect(theirs.events.map(shownEvent)).toEqual(ours.events.map(shownEvent));
  const { compacted } = await watch(space.compactRevision - 1, 1);
  expect(compacted).toBe(space.compactRevision);
  expect(space.eventsSince({ ...EVERYTHING, revision: space.compactRevision - 1 })).toEqual({
    ok: false,
    error: "compacted",
  });
}

/** Until so many events have come, or the watch was cancelled for the compaction. */
async function watch(startRevision: number, count: number): Promise<{ events: Event[]; compacted: number }> {
  const stream = clients.watch.watch();
  const events: Event[] = [];
  try {
    const value = {
      key: bytes("\0"),
      rangeEnd: bytes("\0"),
      startRevision,
      ...{ progressNotify: false, filters: [], prevKv: false, watchId: "0", fragment: false },
    };
    stream.write({ requestUnion: { $case: "createRequest", value } });
    for await (const response of stream as AsyncIterable<WatchResponse>) {
      events.push(...response.events);
      if (response.canceled || events.length >= count) return { events, compacted: response.compactRevision };
    }
    throw new Error("etcd ended the watch");
  } finally {
    stream.on("error", () => {});
    stream.cancel();
  }
}

const shownEvent = ({ type, kv }: Event) => ({ type, kv: plain({ ...kv, lease: kv?.lease }) });

/** The response, or the text of the error. */
function call<Response>(
  start: (done: (error: ServiceError | null, response: Response) => void) => void,
): Promise<unknown> {
  return new Promise((resolve) => {
    start((error, response) => resolve(error === null ? plain(response) : error.details));
  });
}

function shownOutcome(value: unknown): unknown {
  return typeof value === "string" ? TEXTS[value as KeyError] : plain(value);
}

/** A message with texts in the place of bytes, and headers with nothing but the revision. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return text(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => {
    const isHeader = name === "header" && field !== undefined;
    return [name, isHeader ? { revision: (field as { revision: number }).revision } : plain(field)];
  });
  return Object.fromEntries(fields);
}
