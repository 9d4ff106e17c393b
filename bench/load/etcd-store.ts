// etcd members, three by default, as measured processes, on loopback, in plaintext, with etcd's default settings: every write is
// synced, heartbeat 100 ms, election timeout 1 s.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { holdFreePorts } from "../../src/client/processes/ports.ts";
import { present } from "../../src/core/base/assert.ts";
import { EtcdClient } from "./etcd-client.ts";
import type { Etcd } from "./find-etcd.ts";
import { Server } from "./server.ts";
import { type Look, type Store, settledLeader, type Writer } from "./store.ts";

const MEMBERS = ["e1", "e2", "e3"] as const;
const LOOK_TIMEOUT_MS = 1_000;
const DEADLINE_MS = 5_000;
const VALUE = Buffer.alloc(256, "x");

interface Member {
  readonly name: string;
  /** host:port, both. */
  readonly client: string;
  readonly peer: string;
}

export class EtcdStore implements Store {
  readonly name: string;
  readonly servers: readonly Server[];
  readonly #home: string;
  readonly #clients: ReadonlyMap<Server, EtcdClient>;

  private constructor(name: string, home: string, servers: readonly Server[]) {
    this.name = name;
    this.#home = home;
    this.servers = servers;
    this.#clients = new Map(servers.map((server) => [server, new EtcdClient(server.address)]));
  }

  /** Founds and starts the members; resolves when they have a leader. */
  static async start(etcd: Etcd, names: readonly string[] = MEMBERS): Promise<EtcdStore> {
    const home = await mkdtemp(join(tmpdir(), "etcd-bench-"));
    const ports = await holdFreePorts(2 * names.length);
    const [...free] = ports.addresses;
    const port = () => present(free.pop(), "two free ports a member");
    const members = names.map((name) => ({ name, client: port(), peer: port() }));
    await ports.release();
    const store = new EtcdStore(
      `etcd ${etcd.version}, unary`,
      home,
      members.map((member) => serverOf(etcd.command, home, member, members)),
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

  async look(server: Server): Promise<Look | null> {
    const client = present(this.#clients.get(server), "every server of this store has a client");
    const status = await client.status({ endMs: performance.now() + LOOK_TIMEOUT_MS }).catch(() => null);
    if (status === null) return null;
    const { header, leader, raftAppliedIndex, raftTerm } = status;
    return {
      leads: header.memberId === leader,
      leader: leader === "0" ? "" : leader,
      applied: Number(raftAppliedIndex),
      term: Number(raftTerm),
    };
  }

  connect(server: Server): Promise<Writer> {
    const client = new EtcdClient(server.address);
    return Promise.resolve({
      write: async (key) => {
        await client.put({ key: Buffer.from(key), value: VALUE }, { endMs: performance.now() + DEADLINE_MS });
      },
      close: () => client.close(),
    });
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients.values()) client.close();
    await Promise.all(this.servers.map((server) => server.stop()));
    await rm(this.#home, { recursive: true, force: true });
  }
}

function serverOf(command: string, home: string, member: Member, members: readonly Member[]): Server {
  const args = [
    ...["--name", member.name, "--data-dir", join(home, member.name)],
    ...[
      "--listen-client-urls",
      `http://${member.client}`,
      "--advertise-client-urls",
      `http://${member.client}`,
    ],
    ...[
      "--listen-peer-urls",
      `http://${member.peer}`,
      "--initial-advertise-peer-urls",
      `http://${member.peer}`,
    ],
    ...["--initial-cluster", members.map(({ name, peer }) => `${name}=http://${peer}`).join(",")],
    ...["--initial-cluster-state", "new", "--logger", "zap"],
  ];
  const logFile = join(home, `${member.name}.log`);
  // Nothing of the user's: etcd takes any of its settings from ETCD_… variables too.
  const env = { PATH: process.env["PATH"] };
  return new Server({ name: member.name, address: member.client, command, args, env, logFile });
}
