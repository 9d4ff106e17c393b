// What is measured under load of a pair of stores with the same encryption.

import { assert } from "../../src/core/base/assert.ts";
import { generate, type Sample } from "../load/generate.ts";
import type { KeyStore } from "../load/key-store.ts";
import { type Store, settledLeader, type Writer } from "../load/store.ts";
import type { ZooKeeperStore } from "../load/zookeeper-store.ts";
import { h2load, type Times } from "./h2load.ts";
import { Http2Writer } from "./http2-writer.ts";
import type { Request } from "./requests.ts";
import type { Measure } from "./rounds.ts";

export interface Pair {
  /** Null: this machine has no etcd. */
  readonly etcd: KeyStore | null;
  readonly fleet: KeyStore;
  /** The fleet's own writes. */
  readonly submit: Store;
  /** Null: it is not measured with this pair. */
  readonly zookeeper: ZooKeeperStore | null;
}

const OUTSTANDING = [1, 16, 64, 256] as const;
const READS: readonly Request[] = ["linearizable read", "serializable read"];
const MANY = 64;

export const rowOfPuts = (clients: number): string => `puts, ${clients} clients`;
export const ROW_OF_GRPC_JS = `puts, ${MANY}, grpc-js client`;
/** Of a probe, which is a counter: outside sessions and not audited. */
export const ROW_OF_PROBE = `fleet's own Submit of a probe, ${MANY} clients`;
/** Of a provider's row: in a session, compared, and audited. */
export const ROW_OF_SUBMIT = `fleet's own Submit, ${MANY}, grpc-js client`;
export const rowOfReads = (request: Request): string => `${request}s, ${MANY} clients`;

/** `withH2load`: for a pair in plaintext. With TLS the client is node:http2. */
export function measuresOf(
  { etcd, fleet, submit, zookeeper }: Pair,
  withH2load: boolean,
  times: Times,
): Measure[] {
  const isPlain = fleet.tls === "insecure-loopback";
  const stores = [{ name: "etcd", store: etcd } as const, { name: "fleet", store: fleet } as const];
  const both = (row: string, take: (store: KeyStore) => Promise<Sample>): Measure[] =>
    stores.flatMap(({ name, store }) =>
      store === null ? [] : [{ row, store: name, take: () => take(store) }],
    );
  const puts = OUTSTANDING.flatMap((clients): Measure[] => [
    ...both(rowOfPuts(clients), (store) =>
      isPlain ? loaded(store, "put", clients, times) : http2(store, clients, times),
    ),
    ...(zookeeper === null
      ? []
      : [
          {
            row: rowOfPuts(clients),
            store: "zookeeper",
            take: () => zookeeper.load(clients, times),
          } as const,
        ]),
  ]);
  const reads = READS.flatMap((request) =>
    both(rowOfReads(request), (store) => loaded(store, request, MANY, times)),
  );
  return [
    ...(isPlain && !withH2load ? [] : puts),
    ...(isPlain && withH2load ? reads : []),
    ...both(ROW_OF_GRPC_JS, (store) => grpcJs(store, times)),
    ...(isPlain && withH2load ? probes(etcd, submit, times) : []),
    ...besideEtcd(ROW_OF_SUBMIT, etcd, (store) => grpcJs(store, times)),
    { row: ROW_OF_SUBMIT, store: "fleet", take: () => grpcJs(submit, times) },
  ];
}

/** Of the same client, for a row whose other half is the fleet's own writes. */
const besideEtcd = (
  row: string,
  etcd: KeyStore | null,
  take: (store: KeyStore) => Promise<Sample>,
): Measure[] => (etcd === null ? [] : [{ row, store: "etcd", take: () => take(etcd) }]);

const probes = (etcd: KeyStore | null, submit: Store, times: Times): Measure[] => [
  ...besideEtcd(ROW_OF_PROBE, etcd, (store) => loaded(store, "put", MANY, times)),
  { row: ROW_OF_PROBE, store: "fleet", take: () => submitted(submit, times) },
];

/** Each put that h2load counts is one revision of the store: it does not read gRPC's status itself. */
async function loaded(store: KeyStore, request: Request, clients: number, times: Times): Promise<Sample> {
  const leader = await settledLeader(store);
  const before = await revisionOf(store);
  const sample = await h2load(store.addressOf(leader), request, clients, times);
  const written = (await revisionOf(store)) - before;
  assert(
    request !== "put" || written >= sample.latenciesMs.length,
    "what was counted as a put is in the store",
  );
  return sample;
}

/** For each Submit that h2load counts there is at least one more entry in the log, which every server has applied. */
async function submitted(store: Store, times: Times): Promise<Sample> {
  const leader = await settledLeader(store);
  const before = await appliedBy(store);
  const sample = await h2load(leader.address, "submit", MANY, times);
  const applied = (await appliedBy(store)) - before;
  assert(applied >= sample.latenciesMs.length, "what was counted as a write is in the log");
  return sample;
}

async function appliedBy(store: Store): Promise<number> {
  return (await store.look(await settledLeader(store)))?.applied ?? Number.NaN;
}

async function revisionOf(store: KeyStore): Promise<number> {
  const status = await store.status(await settledLeader(store));
  return Number(status?.header.revision ?? Number.NaN);
}

async function http2(store: KeyStore, clients: number, times: Times): Promise<Sample> {
  const leader = await settledLeader(store);
  return driven(await Http2Writer.open(store.addressOf(leader), store.tls, clients), clients, times);
}

async function grpcJs(store: Store, times: Times): Promise<Sample> {
  return driven(await store.connect(await settledLeader(store)), MANY, times);
}

async function driven(writer: Writer, outstanding: number, { warmUpMs, measureMs }: Times): Promise<Sample> {
  try {
    await generate(writer, outstanding, (_, elapsedMs) => elapsedMs >= warmUpMs);
    return await generate(writer, outstanding, (_, elapsedMs) => elapsedMs >= measureMs);
  } finally {
    writer.close();
  }
}
