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
    // Against etcd's puts by the same client.
    ...(etcd === null
      ? []
      : [{ row: ROW_OF_SUBMIT, store: "etcd", take: () => grpcJs(etcd, times) } as const]),
    { row: ROW_OF_SUBMIT, store: "fleet", take: () => grpcJs(submit, times) },
  ];
}

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
