// A client of etcd's API whose role names the keys a/*: beyond its prefix, and as much as it may within it.

import { setTimeout as sleep } from "node:timers/promises";
import {
  LeaseGrantRequest,
  PutRequest,
  RangeRequest,
  WatchRequest,
} from "../../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../../src/core/wire/tls/credentials.ts";
import { call, EtcdClients } from "../../../test/integration/etcd-clients.ts";
import { ATTACKS } from "../../../test/security/prefix-attacks.ts";
import { type Actor, type Actors, within } from "../actor.ts";
import { HOLDERS } from "../holders.ts";
import { pairOf } from "../world.ts";

/** All of its keys: those that begin with a/. */
const OWN = { key: Buffer.from("a/"), rangeEnd: Buffer.from("a0") };
const LARGE_KEYS = 32;
const LARGE = Buffer.alloc(64 * 1024, "x");
const RANGES = 4;
const LEASES = 20;
/** They end by themselves, which is a write each, too. */
const LEASE_SECONDS = 5;
const WATCHED = Buffer.from("a/watched");
const WATCHES = 100;
const WATCHED_MS = 300;

/** At the member whose turn it is, until `does` has ended or a while has passed. */
const asClient =
  (does: (clients: EtcdClients, round: number) => readonly Promise<unknown>[]): Actor =>
  async (world, round) => {
    const address = world.etcd[round % world.etcd.length] ?? "";
    const tls = { ca: Buffer.from(world.authority), ...pairOf(world, HOLDERS.client) };
    const clients = new EtcdClients(address, channelCredentials(tls, address));
    await within(Promise.allSettled(does(clients, round)));
    clients.close();
  };

const put = ({ kv }: EtcdClients, key: string | Buffer, value: Buffer) =>
  call(kv.put.bind(kv), PutRequest.fromPartial({ key: Buffer.from(key), value }));

/** All of one small key, from its first value on; the round adds one. */
async function watchMany(clients: EtcdClients): Promise<void> {
  const stream = clients.watch.watch().on("error", () => undefined);
  stream.resume();
  const value = { key: WATCHED, startRevision: 1, prevKv: true };
  const create = { requestUnion: { $case: "createRequest", value } } as const;
  for (let count = 0; count < WATCHES; count += 1) stream.write(WatchRequest.fromPartial(create));
  await put(clients, WATCHED, Buffer.from("x"));
  await sleep(WATCHED_MS);
  stream.cancel();
}

export const KEY_ACTORS: Actors = {
  "questions and writes outside a client's prefix": asClient((clients) =>
    Object.values(ATTACKS).map((attack) => attack(clients)),
  ),
  "ranges of 2 MB": asClient((clients, round) => [
    put(clients, `a/large-${round % LARGE_KEYS}`, LARGE),
    ...Array.from({ length: RANGES }, () =>
      call(clients.kv.range.bind(clients.kv), RangeRequest.fromPartial(OWN)),
    ),
  ]),
  "20 leases that are left to expire": asClient(({ lease }) =>
    Array.from({ length: LEASES }, () =>
      call(lease.leaseGrant.bind(lease), LeaseGrantRequest.fromPartial({ TTL: LEASE_SECONDS })),
    ),
  ),
  "100 watches of one key's history": asClient((clients) => [watchMany(clients)]),
};
