// A run of the fuzzer against the port for etcd's API of three coordinators. Its callers are clients with and without
// roles, and callers that may use no keys. At the end every group must lead and commit, and all replicas of the key
// space must be equal.

import { Client, Metadata, type ServiceError } from "@grpc/grpc-js";
import { present } from "../../src/core/base/assert.ts";
import { KNOWN_VERSION } from "../../src/core/fleet/format.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import {
  HashKVRequest,
  type KVClient,
  PutRequest,
  RangeRequest,
} from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { call } from "../integration/etcd-clients.ts";
import { HostileCluster } from "../security/hostile-cluster.ts";
import { EtcdMaker, type EtcdMethod, METHODS } from "./etcd-maker.ts";
import { runSeeds, type SeedRange } from "./run-seeds.ts";
import { untilDone } from "./until-done.ts";

const HOLDERS = {
  granted: "fleet://client/granted",
  ungranted: "fleet://client/ungranted",
  admin: "fleet://admin",
  readonly: "fleet://readonly",
  s1: "fleet://shard/s1",
  c1: "fleet://cluster/c1",
} as const;
const NAMES = Object.keys(HOLDERS);
const RULES = [{ verbs: ["read", "write", "lease"], tables: ["key"], names: ["a*", "q*"] }];
/** A request that waits, as for a lock, is given up. */
const ANSWER_MS = 150;
const REQUESTS_MAX = 8;
const LOOK_EVERY_SEEDS = 30;
/** Its answer is the whole database, and nothing of it is decoded. */
const HUGE_ANSWER = "/etcdserverpb.Maintenance/Snapshot";

const TEST = { deadlineMs: 60_000, reason: "test" };

/** By an administrator it may remove a member, and what is left has no quorum for the next one. */
const REMOVES_MEMBERS = "/etcdserverpb.Cluster/MemberRemove";

const same = (bytes: Buffer): Buffer => bytes;
const fuzzed = METHODS.filter(({ path }) => path !== HUGE_ANSWER && path !== REMOVES_MEMBERS);

export interface EtcdOutcome {
  readonly seeds: number;
  readonly requests: number;
  /** Requests that were answered, not refused. */
  readonly answered: number;
}

/** Throws, with the seed, when a coordinator stopped or the cluster does not work any more. */
export async function fuzzEtcd({ onLook, ...seeds }: EtcdFuzzOptions): Promise<EtcdOutcome> {
  const cluster = await HostileCluster.start(0, { etcd: true });
  const attack = new EtcdAttack(cluster);
  let outcome: EtcdOutcome = { seeds: 0, requests: 0, answered: 0 };
  try {
    for (const [name, uri] of Object.entries(HOLDERS)) await cluster.authority.issue(name, [uri]);
    await cluster.works();
    await untilDone(async () => {
      const statuses = await cluster.statuses();
      if (statuses.some(({ clusterVersion }) => clusterVersion < KNOWN_VERSION))
        throw new Error("roles are unknown");
    });
    const admin = cluster.client();
    await admin.submit({ kind: { $case: "setRole", value: { name: "worker", rules: RULES } } }, TEST);
    await admin.submit(
      { kind: { $case: "grantRole", value: { operator: "client/granted", role: "worker" } } },
      TEST,
    );
    const works = keyWorks(cluster);
    await works();
    const run = async (seed: number) => {
      const holder = present(NAMES[seed % NAMES.length], "there are holders");
      const to = present(cluster.peers[Math.floor(seed / 7) % cluster.peers.length], "there are nodes");
      const told = await attack.run(seed, holder, to);
      outcome = {
        seeds: outcome.seeds + 1,
        requests: outcome.requests + told.requests,
        answered: outcome.answered + told.answered,
      };
    };
    await runSeeds(cluster, seeds, {
      ...{ run, what: "the key space", works, lookEverySeeds: LOOK_EVERY_SEEDS },
      onLook: () => onLook?.(outcome),
    });
    return outcome;
  } finally {
    attack.close();
    await cluster.dispose();
  }
}

interface EtcdFuzzOptions extends SeedRange {
  readonly onLook?: (outcome: EtcdOutcome) => void;
}

/** Returns what writes through one member, reads it through all, and compares their hashes at one revision. */
function keyWorks(cluster: HostileCluster): () => Promise<void> {
  const members = cluster.peers.map((peer) => cluster.etcd("admin", peer));
  let writes = 0;
  return async () => {
    writes += 1;
    const [first] = members;
    const { kv } = present(first, "there are members");
    const key = Buffer.from("works");
    const value = Buffer.from(String(writes));
    const written = await untilDone(() => call(kv.put.bind(kv), PutRequest.fromPartial({ key, value })));
    const revision = present(written.header, "an answer has a header").revision;
    const hashes = new Set<number>();
    for (const member of members) {
      const found = await untilDone(() => readBack(member.kv, key));
      if (found !== String(writes)) throw new Error(`${found} was read, ${writes} was written`);
      const { maintenance } = member;
      const request = HashKVRequest.fromPartial({ revision });
      hashes.add((await untilDone(() => call(maintenance.hashKv.bind(maintenance), request))).hash);
    }
    if (hashes.size !== 1) throw new Error(`the members have hashes ${[...hashes].join(", ")}`);
  };
}

async function readBack(kv: KVClient, key: Buffer): Promise<string> {
  const { kvs } = await call(kv.range.bind(kv), RangeRequest.fromPartial({ key }));
  return String(kvs[0]?.value);
}

class EtcdAttack {
  readonly #cluster: HostileCluster;
  readonly #clients = new Map<string, Client>();

  constructor(cluster: HostileCluster) {
    this.#cluster = cluster;
  }

  async run(seed: number, holder: string, to: Peer): Promise<{ requests: number; answered: number }> {
    const maker = new EtcdMaker(seed);
    const client = this.#client(holder, to);
    const asked = Array.from({ length: 1 + maker.below(REQUESTS_MAX) }, () => {
      const method = maker.pick(fuzzed);
      const requests = Array.from({ length: method.requestStream ? 1 + maker.below(6) : 1 }, () =>
        Buffer.from(maker.request()),
      );
      return ask(client, method, requests);
    });
    const answers = await Promise.all(asked);
    return { requests: answers.length, answered: answers.filter((isAnswered) => isAnswered).length };
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #client(holder: string, to: Peer): Client {
    const known = this.#clients.get(`${holder} ${to.id}`);
    if (known !== undefined) return known;
    const address = this.#cluster.etcdAddress(to);
    const tls = loadTls(this.#cluster.authority.files(holder));
    const client = new Client(address, channelCredentials(tls, address), channelOptions);
    this.#clients.set(`${holder} ${to.id}`, client);
    return client;
  }
}

/** Whether anything was answered. Resolves when the call has ended, or was given up. */
function ask(client: Client, method: EtcdMethod, requests: readonly Buffer[]): Promise<boolean> {
  const options = { deadline: Date.now() + ANSWER_MS };
  const { path, requestStream, responseStream } = method;
  const [first] = requests;
  return new Promise((resolve) => {
    if (!requestStream && !responseStream) {
      const done = (error: ServiceError | null) => resolve(error === null);
      client.makeUnaryRequest(path, same, same, present(first, "one"), new Metadata(), options, done);
      return;
    }
    const stream = client.makeBidiStreamRequest(path, same, same, new Metadata(), options);
    let isAnswered = false;
    stream.on("data", () => {
      isAnswered = true;
    });
    stream.on("error", () => undefined);
    stream.on("status", () => resolve(isAnswered));
    for (const request of requests) stream.write(request);
    stream.end();
  });
}
