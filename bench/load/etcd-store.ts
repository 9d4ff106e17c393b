// etcd members, three by default, as measured processes, on loopback, with etcd's default settings: every write is
// synced, heartbeat 100 ms, election timeout 1 s.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { present } from "../../src/core/base/assert.ts";
import type { Tls, TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { reservePorts } from "../../test/reserved-ports.ts";
import type { Etcd } from "./find-etcd.ts";
import { KeyStore } from "./key-store.ts";
import { Server } from "./server.ts";
import { settledLeader } from "./store.ts";

const MEMBERS = ["e1", "e2", "e3"] as const;

interface Member {
  readonly name: string;
  /** host:port, both. */
  readonly client: string;
  readonly peer: string;
}

export interface EtcdTls {
  /** For the members: for their clients and for each other. Each serves only those with a certificate. */
  readonly servers: TlsFiles;
  readonly client: Tls;
}

export class EtcdStore extends KeyStore {
  readonly #home: string;

  private constructor(name: string, home: string, servers: readonly Server[], tls: Tls) {
    super(name, new Map(servers.map((server) => [server, server.address])), tls);
    this.#home = home;
  }

  /** Founds and starts the members, in plaintext if `tls` is null; resolves when they have a leader. */
  static async start(
    etcd: Etcd,
    names: readonly string[] = MEMBERS,
    tls: EtcdTls | null = null,
  ): Promise<EtcdStore> {
    const home = await mkdtemp(join(tmpdir(), "etcd-bench-"));
    const free = [...(await reservePorts(home, 2 * names.length))];
    const port = () => present(free.pop(), "two free ports a member");
    const members = names.map((name) => ({ name, client: port(), peer: port() }));
    const store = new EtcdStore(
      `etcd ${etcd.version}${tls === null ? "" : ", mutual TLS"}, unary`,
      home,
      members.map((member) => serverOf(etcd.command, home, member, members, tls?.servers ?? null)),
      tls?.client ?? "insecure-loopback",
    );
    try {
      for (const server of store.servers) server.start();
      await settledLeader(store);
      return store;
    } catch (error) {
      await store.dispose();
      throw error;
    }
  }

  override async dispose(): Promise<void> {
    this.closeClients();
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.#home, { recursive: true, force: true });
  }
}

function serverOf(
  command: string,
  home: string,
  member: Member,
  members: readonly Member[],
  tls: TlsFiles | null,
): Server {
  const scheme = tls === null ? "http" : "https";
  const url = (address: string) => `${scheme}://${address}`;
  const args = [
    ...["--name", member.name, "--data-dir", join(home, member.name)],
    ...["--listen-client-urls", url(member.client), "--advertise-client-urls", url(member.client)],
    ...["--listen-peer-urls", url(member.peer), "--initial-advertise-peer-urls", url(member.peer)],
    ...["--initial-cluster", members.map(({ name, peer }) => `${name}=${url(peer)}`).join(",")],
    ...["--initial-cluster-state", "new", "--logger", "zap"],
    ...(tls === null ? [] : [...tlsFlags("", tls), ...tlsFlags("peer-", tls)]),
  ];
  const logFile = join(home, `${member.name}.log`);
  // Nothing of the user's: etcd takes any of its settings from ETCD_… variables too.
  const env = { PATH: process.env["PATH"] };
  return new Server({ name: member.name, address: member.client, command, args, env, logFile });
}

function tlsFlags(of: "" | "peer-", { ca, cert, key }: TlsFiles): string[] {
  const files = [`--${of}trusted-ca-file`, ca, `--${of}cert-file`, cert, `--${of}key-file`, key];
  return [...files, `--${of}client-cert-auth`];
}
