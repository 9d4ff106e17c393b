// Three coordinators in this process, at real ports, with certificates of the test's own. The hostile holders of some
// of these certificates call the same services that the replicas do.

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FleetClient } from "../../src/client/fleet-client.ts";
import { present } from "../../src/core/base/assert.ts";
import { nodeId } from "../../src/core/base/ids.ts";
import { type RunningCoordinator, startCoordinator } from "../../src/core/coordinator/coordinator.ts";
import type { Peer } from "../../src/core/transport/transport.ts";
import { channelOptions } from "../../src/core/wire/channel-options.ts";
import type { GroupView, NodeStatus } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { RaftClient } from "../../src/core/wire/gen/fleet/v1/raft.ts";
import { connectCoordinator } from "../../src/core/wire/leader/coordinator-client.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { EtcdClients } from "../integration/etcd-clients.ts";
import { registerShard } from "../integration/fleet-writes.ts";
import { PATIENT } from "../integration/local-fleet.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { plainSettings } from "../plain-settings.ts";
import { reservePorts } from "../reserved-ports.ts";

export const CLUSTER_ID = "c";
/** Groups 1 and above, beside the fleet's own: a member's messages reach each of them. */
const GROUPS = 1;
const DEADLINE_MS = 60_000;

export interface Warning {
  readonly node: string;
  readonly fact: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class HostileCluster {
  readonly authority: TestAuthority;
  readonly peers: readonly Peer[];
  readonly warnings: Warning[] = [];
  /** Why coordinators stopped. */
  readonly fatal: unknown[] = [];
  readonly #running = new Map<
    Peer["id"],
    { readonly peer: Peer; readonly coordinator: RunningCoordinator }
  >();
  readonly #clients: { close(): void }[] = [];
  readonly #servesEtcd: boolean;
  #writes = 0;

  private constructor(authority: TestAuthority, peers: readonly Peer[], servesEtcd: boolean) {
    this.authority = authority;
    this.peers = peers;
    this.#servesEtcd = servesEtcd;
  }

  /**
   * Nodes n1 to n3 run, one of them leads; `more` nodes have certificates and addresses, and no process. `etcd`: they serve
   * etcd's API.
   */
  static async start(more = 0, { etcd = false } = {}): Promise<HostileCluster> {
    const authority = await TestAuthority.make();
    const ports = await reservePorts(authority.folder, 3 + more);
    const peers = ports.map((address, at) => ({ id: nodeId(at + 1), name: `n${at + 1}`, address }));
    for (const { id, name } of peers) await authority.issue(name, [`fleet://replica/${id}`]);
    await authority.issue("admin", ["fleet://admin"]);
    const cluster = new HostileCluster(authority, peers, etcd);
    const founders = peers.slice(0, 3);
    await Promise.all(founders.map((peer) => cluster.startNode(peer, founders, true)));
    await cluster.leader();
    return cluster;
  }

  async startNode(self: Peer, replicas: readonly Peer[], bootstrap: boolean): Promise<void> {
    const dataDirectory = join(this.authority.folder, "data", self.name);
    await mkdir(dataDirectory, { recursive: true });
    const ignore = () => undefined;
    const coordinator = await startCoordinator({
      ...plainSettings,
      ...{
        self: self.id,
        clusterId: CLUSTER_ID,
        clusterName: "test",
        version: "test",
        bootstrap,
        groups: GROUPS,
      },
      ...{ replicas, listen: self.address, dataDirectory, tls: this.authority.files(self.name) },
      etcd: this.#servesEtcd ? { listen: "127.0.0.1:0", isPlaintext: false } : null,
      log: {
        info: ignore,
        warn: (fact, fields) => this.warnings.push({ node: self.name, fact, fields: { ...fields } }),
        error: (fact, fields) => this.warnings.push({ node: self.name, fact, fields: { ...fields } }),
      },
      onFatal: (error) => this.fatal.push(error),
    });
    this.#running.set(self.id, { peer: self, coordinator });
  }

  async stopNode({ id }: Peer): Promise<void> {
    await this.#running.get(id)?.coordinator.close();
    this.#running.delete(id);
  }

  peer(id: number): Peer {
    return present(this.peers[id - 1], "the cluster has such a node");
  }

  /** A connection to a node, with the certificate of `holder`. */
  raft(holder: string, to: Peer): RaftClient {
    const credentials = channelCredentials(loadTls(this.authority.files(holder)), to.address);
    const client = new RaftClient(to.address, credentials, channelOptions);
    this.#clients.push(client);
    return client;
  }

  coordinator(holder: string, to: Peer): ReturnType<typeof connectCoordinator> {
    const client = connectCoordinator(loadTls(this.authority.files(holder)), to.address);
    this.#clients.push(client);
    return client;
  }

  etcdAddress({ id }: Peer): string {
    return present(this.#running.get(id)?.coordinator.etcdAddress, "a node that runs serves etcd's API");
  }

  /** At the node's port for etcd's API. */
  etcd(holder: string, to: Peer): EtcdClients {
    const address = this.etcdAddress(to);
    const clients = new EtcdClients(
      address,
      channelCredentials(loadTls(this.authority.files(holder)), address),
    );
    this.#clients.push(clients);
    return clients;
  }

  /** As the administrator, or with another certificate. */
  client(holder = "admin"): FleetClient {
    const endpoints = this.peers.slice(0, 3).map(({ id, name, address }) => ({ nodeId: id, name, address }));
    const tls = this.authority.files(holder);
    const client = FleetClient.connect(
      { name: "test", origin: "test", settings: [], endpoints, tls },
      PATIENT,
    );
    this.#clients.push(client);
    return client;
  }

  async status(peer: Peer): Promise<NodeStatus> {
    const client = connectCoordinator(loadTls(this.authority.files("admin")), peer.address);
    try {
      const limits = { endMs: performance.now() + DEADLINE_MS };
      return await unary(client.getStatus.bind(client), { hashAtIndex: 0 }, limits);
    } finally {
      client.close();
    }
  }

  statuses(): Promise<NodeStatus[]> {
    return Promise.all([...this.#running.values()].map(({ peer }) => this.status(peer)));
  }

  /** Whom all that run follow. */
  async leader(): Promise<Peer> {
    const statuses = await this.#until((all) => {
      const [first] = all;
      return (
        first !== undefined &&
        first.leaderId !== 0 &&
        all.every(({ leaderId }) => leaderId === first.leaderId)
      );
    });
    return this.peer(present(statuses[0], "a node runs").leaderId);
  }

  /** The group beside the fleet's own, as the node has it. */
  async group(peer: Peer): Promise<GroupView | undefined> {
    const client = connectCoordinator(loadTls(this.authority.files("admin")), peer.address);
    try {
      const limits = { endMs: performance.now() + DEADLINE_MS };
      const { groups } = await unary(client.listGroups.bind(client), {}, limits);
      return groups.find(({ groupId }) => groupId === GROUPS);
    } finally {
      client.close();
    }
  }

  /** Every group leads and commits, and all that run come to one state. */
  async works(): Promise<void> {
    const client = this.client();
    this.#writes += 1;
    await client.submit(registerShard(`s${this.#writes}`), { deadlineMs: DEADLINE_MS, reason: "" });
    await this.#groupWorks();
    await this.#until((all) => {
      const [first] = all;
      const isSame = ({ appliedIndex, stateHash }: NodeStatus) =>
        appliedIndex === first?.appliedIndex && stateHash === first.stateHash;
      return first !== undefined && first.stateHash !== "" && all.every(isSame);
    });
  }

  /** An entry of the group, which its leader takes; then all that run have it. */
  async #groupWorks(): Promise<void> {
    const endMs = performance.now() + 2 * DEADLINE_MS;
    for (let written = 0; ; ) {
      const running = [...this.#running.values()].map(({ peer }) => peer);
      const groups = await Promise.all(running.map((peer) => this.group(peer)));
      const [first] = groups;
      const isSame = (group: GroupView | undefined) =>
        group !== undefined &&
        group.appliedIndex === first?.appliedIndex &&
        group.tally?.digest === first.tally?.digest;
      if (written > 0 && groups.every(isSame)) return;
      if (written === 0 && first !== undefined && first.leaderId !== 0) {
        const leader = this.coordinator("admin", this.peer(first.leaderId));
        const request = { groupId: GROUPS, data: Buffer.from("work") };
        const done = await unary(leader.writeGroup.bind(leader), request, { endMs }).then(
          () => 1,
          () => 0,
        );
        written += done;
      }
      if (performance.now() > endMs) throw new Error(`the group does not work: ${JSON.stringify(groups)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async dispose(): Promise<void> {
    for (const client of this.#clients) client.close();
    for (const { coordinator } of this.#running.values()) await coordinator.close();
    await rm(this.authority.folder, { recursive: true, force: true });
  }

  async #until(wanted: (statuses: readonly NodeStatus[]) => boolean): Promise<readonly NodeStatus[]> {
    const endMs = performance.now() + 2 * DEADLINE_MS;
    for (;;) {
      const statuses = await this.statuses();
      if (wanted(statuses)) return statuses;
      if (performance.now() > endMs) {
        const seen = statuses.map(({ nodeId: id, term, leaderId, appliedIndex, stateHash }) => ({
          ...{ id, term, leaderId, appliedIndex, stateHash },
        }));
        throw new Error(`never came to be: ${JSON.stringify({ seen, fatal: this.fatal.map(String) })}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
