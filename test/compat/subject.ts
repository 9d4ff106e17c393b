// What other people's clients are run against: three processes of a fleet, or three of etcd beside them. Both can lose
// members by SIGKILL and get them back.

import type { ChannelCredentials } from "@grpc/grpc-js";
import { present } from "../../src/core/base/assert.ts";
import { StatusRequest } from "../../src/core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls, type TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { CoordinatorCluster } from "../integration/coordinator-cluster.ts";
import { call, EtcdClients } from "../integration/etcd-clients.ts";
import { EtcdCluster } from "./etcd-cluster.ts";

export interface Subject {
  readonly name: "fleet" | "etcd";
  /** host:port of each member. */
  readonly endpoints: readonly string[];
  /** Null: plaintext. */
  readonly tls: TlsFiles | null;
  /** SIGKILL. */
  kill(at: number): Promise<void>;
  restart(at: number): Promise<void>;
  /** SIGSTOP. */
  pause(at: number): void;
  /** SIGCONT. */
  resume(at: number): void;
  /** Why members ended themselves, in their own words. */
  readonly panics: readonly string[];
  dispose(): Promise<void>;
}

export async function startFleet(size = 3): Promise<Subject> {
  const cluster = await CoordinatorCluster.start({ size, snapshotEvery: 1_000, etcd: true });
  const node = (at: number) => present(cluster.nodes[at], "there is such a member");
  const subject: Subject = {
    name: "fleet",
    endpoints: cluster.nodes.map((each) => cluster.etcd(each)),
    tls: cluster.tlsOf("admin"),
    kill: (at) => cluster.kill(node(at)),
    restart: (at) => cluster.start(node(at)),
    pause: (at) => signal(cluster.pid(node(at)), "SIGSTOP"),
    resume: (at) => signal(cluster.pid(node(at)), "SIGCONT"),
    panics: [],
    dispose: () => cluster.dispose(),
  };
  return untilLed(subject);
}

export async function startEtcd(size = 3): Promise<Subject> {
  const cluster = await EtcdCluster.start(size);
  const subject: Subject = {
    name: "etcd",
    endpoints: cluster.endpoints,
    tls: null,
    kill: (at) => cluster.kill(at),
    restart: (at) => cluster.start(at),
    pause: (at) => signal(cluster.pid(at), "SIGSTOP"),
    resume: (at) => signal(cluster.pid(at), "SIGCONT"),
    panics: cluster.panics,
    dispose: () => cluster.dispose(),
  };
  return untilLed(subject);
}

function signal(pid: number, name: NodeJS.Signals): void {
  process.kill(pid, name);
}

function credentialsOf({ tls }: Subject, address: string): ChannelCredentials | undefined {
  return tls === null ? undefined : channelCredentials(loadTls(tls), address);
}

/** The member that leads; waits until those that answer agree on one that answers. */
export async function leaderOf(subject: Subject): Promise<number> {
  const limitMs = performance.now() + 60_000;
  for (;;) {
    const seen = await Promise.all(subject.endpoints.map((address) => seenBy(subject, address)));
    const answered = seen.filter((each) => each !== null);
    const [first] = answered;
    const at = seen.findIndex((each) => each !== null && each.member === first?.leader);
    const agree = answered.every(({ leader }) => leader === first?.leader);
    if (at !== -1 && agree && 2 * answered.length > seen.length) return at;
    if (performance.now() > limitMs) throw new Error(`no leader: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Clients of each member, which the caller closes. */
export const clientsOf = (subject: Subject): EtcdClients[] =>
  subject.endpoints.map((each) => new EtcdClients(each, credentialsOf(subject, each)));

async function untilLed(subject: Subject): Promise<Subject> {
  try {
    await leaderOf(subject);
    return subject;
  } catch (error) {
    await subject.dispose();
    throw error;
  }
}

async function seenBy(subject: Subject, address: string) {
  const clients = new EtcdClients(address, credentialsOf(subject, address));
  try {
    const { maintenance } = clients;
    const { leader, header } = await call(
      maintenance.status.bind(maintenance),
      StatusRequest.fromPartial({}),
      1_000,
    );
    return leader === "0" ? null : { leader, member: header?.memberId ?? "" };
  } catch {
    return null;
  } finally {
    clients.close();
  }
}
