// A store that speaks etcd's API, be it etcd or a fleet: looked at and written to by the same client.

import { present } from "../../src/core/base/assert.ts";
import type { Tls } from "../../src/core/wire/tls/tls.ts";
import { EtcdClient, type EtcdStatus } from "./etcd-client.ts";
import type { Server } from "./server.ts";
import type { Look, Store, Writer } from "./store.ts";

const LOOK_TIMEOUT_MS = 1_000;
const DEADLINE_MS = 5_000;
/** A server that starts is found as soon as it listens: what is measured is its time, and not the client's patience. */
const REDIAL = { "grpc.initial_reconnect_backoff_ms": 10, "grpc.max_reconnect_backoff_ms": 20 };
export const VALUE = Buffer.alloc(256, "x");

export class KeyStore implements Store {
  readonly name: string;
  readonly servers: readonly Server[];
  readonly tls: Tls;
  readonly #addresses: ReadonlyMap<Server, string>;
  readonly #clients: ReadonlyMap<Server, EtcdClient>;

  /** `addresses`: host:port of each server's etcd API. */
  constructor(name: string, addresses: ReadonlyMap<Server, string>, tls: Tls) {
    this.name = name;
    this.servers = [...addresses.keys()];
    this.tls = tls;
    this.#addresses = addresses;
    this.#clients = new Map(
      [...addresses].map(([server, address]) => [server, new EtcdClient(address, tls)]),
    );
  }

  addressOf(server: Server): string {
    return present(this.#addresses.get(server), "every server of this store has an address");
  }

  async look(server: Server): Promise<Look | null> {
    const status = await this.status(server);
    if (status === null) return null;
    const { header, leader, raftAppliedIndex, raftTerm } = status;
    return {
      leads: header.memberId === leader,
      leader: leader === "0" ? "" : leader,
      applied: Number(raftAppliedIndex),
      term: Number(raftTerm),
    };
  }

  /** Null when it does not answer. */
  status(server: Server): Promise<EtcdStatus | null> {
    const client = present(this.#clients.get(server), "every server of this store has a client");
    return client.status({ endMs: performance.now() + LOOK_TIMEOUT_MS }).catch(() => null);
  }

  connect(server: Server): Promise<Writer> {
    const client = new EtcdClient(this.addressOf(server), this.tls, REDIAL);
    return Promise.resolve({
      write: async (key) => {
        await client.put({ key: Buffer.from(key), value: VALUE }, { endMs: performance.now() + DEADLINE_MS });
      },
      close: () => client.close(),
    });
  }

  /** The servers stay: another store is their owner. */
  dispose(): Promise<void> {
    this.closeClients();
    return Promise.resolve();
  }

  protected closeClients(): void {
    for (const client of this.#clients.values()) client.close();
  }
}
