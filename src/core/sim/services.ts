// What a replica answers beyond Raft: changes of the membership and requests to be let in again, by the services'
// own code. Each fails as it would at a client, but as a value.

import type { Clock, MonotonicMs } from "../base/clock.ts";
import { FLEET_GROUP, type GroupId, logIndex, type NodeId } from "../base/ids.ts";
import { silentLog } from "../base/log.ts";
import { Pace } from "../base/pace.ts";
import type { Caller } from "../coordinator/calls/caller.ts";
import type { ServiceContext } from "../coordinator/calls/context.ts";
import { LargeWork } from "../coordinator/calls/large-work.ts";
import { LINEARIZABLE, readable } from "../coordinator/calls/reads.ts";
import { VersionWatch } from "../coordinator/cluster-version/version-watch.ts";
import { StateTrust } from "../coordinator/divergence/state-trust.ts";
import type { FleetMachine } from "../coordinator/group/fleet-machine.ts";
import { Freshness } from "../coordinator/group/freshness.ts";
import type { GroupDriver } from "../coordinator/group/group-driver.ts";
import type { ReadResult, WriteResult } from "../coordinator/group/pending.ts";
import { proposeOwn } from "../coordinator/group/propose-own.ts";
import type { Host } from "../coordinator/host/host.ts";
import { MembershipChanges } from "../coordinator/membership/change-membership.ts";
import { PeerGate } from "../coordinator/membership/peer-gate.ts";
import { type Holding, type Readmission, readmissionOf } from "../coordinator/membership/readmission.ts";
import { readmit, readmitToGroup } from "../coordinator/membership/readmit.ts";
import type { Replica } from "../coordinator/membership/replica.ts";
import { Roster } from "../coordinator/membership/roster.ts";
import { FIRST_CONTACTS_MAX, FirstContacts } from "../coordinator/reports/first-contacts.ts";
import { HeardDomains } from "../coordinator/reports/heard-domains.ts";
import { Observed } from "../coordinator/reports/observed.ts";
import { REGISTRATIONS, REPORTED_ROWS } from "../coordinator/reports/pace.ts";
import { RefusedRows } from "../coordinator/reports/refused-rows.ts";
import { RefusedWrites } from "../coordinator/reports/refused-writes.ts";
import { createGroup } from "../coordinator/services/create-group.ts";
import { type GroupKindName, groupKindOf } from "../fleet/group-kind-name.ts";
import { SyncLatency } from "../storage/sync-latency.ts";
import type { Announcement, Peer } from "../transport/transport.ts";
import { GroupKind, type Outcome } from "../wire/gen/fleet/v1/command.ts";
import type { KnownMember } from "../wire/gen/fleet/v1/raft.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import { InternalErrors } from "../wire/server/internal-errors.ts";
import type { Answer, Change } from "./change-request.ts";
import type { SideGroup, SideGroups } from "./side-groups.ts";
import { UNHURRIED } from "./unhurried.ts";

const CLUSTER_ID = "simulated";
const ASK_TIMEOUT_MS = 1_000;

export interface ServicesOptions {
  readonly self: NodeId;
  /** What the command line would name. */
  readonly given: readonly Peer[];
  readonly driver: GroupDriver<Outcome>;
  readonly machine: FleetMachine;
  readonly host: Host;
  readonly replica: Replica<Outcome>;
  readonly disk: { readonly isFull: boolean };
  /** Those beside the fleet's own. */
  readonly groups: {
    readonly all: () => ReadonlyMap<GroupId, SideGroup>;
    readonly holds: (member: NodeId) => boolean;
    readonly holding: (member: NodeId) => readonly GroupId[];
    readonly readmit: SideGroups["readmit"];
  };
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** What the build of a node that is up knows. */
  readonly knownBy: (peer: NodeId) => number | null;
  /** Whether its state is believed; without it, always. */
  readonly trust?: StateTrust;
  readonly onRemoved: () => void;
}

const AT_ONCE = new LargeWork({ nextPass: (run) => run() });

export class Services {
  readonly #options: ServicesOptions;
  readonly #context: ServiceContext;
  readonly #roster: Roster;
  readonly #versions: VersionWatch;
  /** Whom this replica hears. */
  readonly gate: PeerGate;
  #connected: ReadonlySet<NodeId>;

  constructor(options: ServicesOptions) {
    const { self, driver, machine, host, replica, disk, given, clock } = options;
    this.#options = options;
    this.#connected = new Set(given.map(({ id }) => id));
    this.#roster = new Roster({
      self,
      given,
      view: () => machine.view,
      raft: driver,
      isInGroup: options.groups.holds,
      named: () => this.gate.named(),
      connect: (peers) => {
        this.#connected = new Set(peers.map(({ id }) => id));
      },
      bootstrap: (members) =>
        proposeOwn(
          { driver, machine, self },
          { $case: "foundMembers", value: { members: [...members] } },
          clock,
        ),
      onRemoved: options.onRemoved,
    });
    const roster = this.#roster;
    this.gate = new PeerGate({
      ...{ self, given, view: () => machine.view, config: () => driver.config },
      isInGroup: options.groups.holds,
      isAmnesiac: () => replica.isAmnesiac,
      hears: (peer) => host.hears(peer),
    });
    this.#context = {
      ...{ clusterId: CLUSTER_ID, clusterName: CLUSTER_ID, version: "", tls: "insecure-loopback" },
      ...{ self, given, driver, machine, host, clock, sleep: options.sleep, startedMs: clock.monotonicMs() },
      work: UNHURRIED,
      largeWork: AT_ONCE,
      leadsSince: () => 0,
      liveness: { suspectAfterMs: 30_000, deadAfterMs: 60_000 },
      log: {},
      metricsAddress: "",
      snapshotExport: () => undefined,
      get replicas() {
        return roster.known();
      },
      disk: {
        get isFull() {
          return disk.isFull;
        },
        isSlow: false,
        syncs: new SyncLatency(),
      },
      get groups() {
        return options.groups.all();
      },
      groupsWith: options.groups.holding,
      compared: { of: () => undefined, fenceAll: () => undefined },
      sent: { messages: 0, frames: 0 },
      transferTo: () => null,
      roundTripMs: () => null,
      sizes: () => ({
        ...{ logBytes: 0, snapshotBytes: 0, diskRoom: undefined },
        ...{ residentBytes: 0, processorMs: 0 },
      }),
      admission: () => replica.admission,
      answers: (peer) => host.hears(peer),
      servedBy: () => Promise.resolve(null),
      announced: (id) => announcement(options.knownBy(id)),
      isWhole: (learner) => replica.isWhole(learner),
      refusePeer: (peer) => this.gate.refusal(peer),
      introduce: (peer) => roster.introduce(peer),
      changes: new MembershipChanges(),
      freshness: new Freshness({ driver, clocks: [clock.monotonicMs], now: clock.monotonicMs }),
      observed: new Observed(),
      heardDomains: new HeardDomains(),
      refusedRows: new RefusedRows(silentLog),
      folderKeys: {
        status: async () => null,
        operatorKeys: async () => null,
        rotate: async () => false,
        auditFiles: async () => [],
        log: silentLog,
      },
      refusedWrites: new RefusedWrites(silentLog),
      noteDenied: () => undefined,
      countRequest: () => null,
      firstContacts: new FirstContacts(),
      firstContactsMax: FIRST_CONTACTS_MAX,
      registrationPace: new Pace(REGISTRATIONS),
      rowPace: new Pace(REPORTED_ROWS),
      trust: options.trust ?? believed(clock),
      isFit: () => true,
      mayKeep: () => true,
      internalErrors: new InternalErrors(`coordinator n${self}`, silentLog),
    };
    this.#versions = new VersionWatch({
      ...{ driver, knownVersion: machine.knownVersion, announced: this.#context.announced },
      view: () => machine.view,
      raise: (value) => proposeOwn(this.#context, { $case: "raiseClusterVersion", value }, clock),
    });
  }

  /** Whether this replica's transport has a stream to the peer. */
  isConnected(peer: NodeId): boolean {
    return this.#connected.has(peer);
  }

  /** Whom it has streams to, or tries to. */
  get connected(): Iterable<NodeId> {
    return this.#connected;
  }

  /** The peer has opened a stream, and told what it knows of all members. */
  welcome(peer: Peer, members: readonly KnownMember[]): void {
    if (this.gate.refusal(peer.id) !== null) return;
    if (!this.isConnected(peer.id)) this.#roster.introduce(peer);
    this.gate.learn(members, peer.id);
  }

  /** As coordinator.ts does with every tick. */
  look(): Promise<void> {
    this.#roster.look();
    return this.#versions.look();
  }

  async changeMembers(change: Change, timeoutMs: number): Promise<Answer> {
    const request = { change, expectedConfigurationIndex: undefined, dryRun: false, reason: "" };
    return this.#asAdmin(timeoutMs, (caller) => this.#context.changes.change(this.#context, request, caller));
  }

  async createGroup(group: GroupId, kind: GroupKindName, timeoutMs: number): Promise<Answer> {
    const request = { kind: groupKindOf(kind), groupId: group, reason: "" };
    return this.#asAdmin(timeoutMs, (caller) => createGroup(this.#context, request, caller));
  }

  /** As leader: rows for groups that were bootstrapped. */
  foundGroups(groups: readonly GroupId[]): Promise<WriteResult<Outcome>> {
    const value = { groupIds: [...groups], kind: GroupKind.TALLY };
    return proposeOwn(this.#context, { $case: "foundGroups", value }, this.#options.clock);
  }

  async #asAdmin(timeoutMs: number, work: (caller: Caller) => Promise<unknown>): Promise<Answer> {
    const deadline = this.#options.clock.monotonicMs() + timeoutMs;
    try {
      await work({ identity: { kind: "admin" }, deadline });
      return { reason: null };
    } catch (error) {
      const { reason } = readRpcError(error);
      if (reason === null) throw error;
      return { reason };
    }
  }

  /** A linearizable read, up to where the tables may be looked at. */
  async read(deadline: MonotonicMs): Promise<ReadResult> {
    try {
      const { index } = await readable(this.#context, LINEARIZABLE, {
        identity: { kind: "admin" },
        deadline,
      });
      return { ok: true, index: logIndex(index) };
    } catch (error) {
      if (readRpcError(error).reason === null) throw error;
      return { ok: false, refusal: "no-leader" };
    }
  }

  async readmit(peer: NodeId, group: GroupId, holding: Holding): Promise<Readmission> {
    const deadline = this.#options.clock.monotonicMs() + ASK_TIMEOUT_MS;
    if (this.gate.refusal(peer) !== null) return { kind: "waiting" };
    const caller: Caller = { identity: { kind: "replica", id: peer }, deadline };
    const request = {
      ...{ clusterId: CLUSTER_ID, nodeId: peer },
      ...{ restored: holding !== "nothing", whole: holding === "whole" },
      knownVersion: this.#options.knownBy(peer) ?? 0,
      ...(group === FLEET_GROUP ? {} : { groupId: group }),
    };
    try {
      const { replica, groups } = this.#options;
      const answer =
        group === FLEET_GROUP
          ? readmit(this.#context, replica, request, caller)
          : readmitToGroup(this.#context, groups, request, caller);
      return readmissionOf([await answer]);
    } catch (error) {
      if (readRpcError(error).reason === null) throw error;
      return { kind: "waiting" };
    }
  }
}

function believed({ wallMs }: Clock): StateTrust {
  return new StateTrust({ found: null, mark: () => Promise.resolve(), log: silentLog, now: wallMs });
}

function announcement(knownVersion: number | null): Announcement | null {
  return knownVersion === null ? null : { knownVersion, build: "" };
}
