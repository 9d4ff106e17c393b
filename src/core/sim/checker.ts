// All properties that are checked after every step, fed with what the nodes do. A broken one throws a
// SafetyViolation. Checks never influence the run.

import { FLEET_GROUP, type GroupId, type LogIndex, logIndex, type NodeId } from "../base/ids.ts";
import type { Divergence } from "../coordinator/divergence/state-trust.ts";
import type { FleetView } from "../fleet/state.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { ConfState, Message } from "../raft/message.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { WalRecord } from "../storage/record.ts";
import type { WriteRequest } from "../storage/storage.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import { AccessModel } from "./checks/access-model.ts";
import { ClientPromises } from "./checks/client-promises.ts";
import { Flips } from "./checks/flips.ts";
import { GroupChecks } from "./checks/group-checks.ts";
import { LeaseHolders } from "./checks/lease-holders.ts";
import { Members } from "./checks/members.ts";
import { OwnerHistory } from "./checks/owner-history.ts";
import { WaveModel } from "./checks/wave-model.ts";
import type { KeyPromises } from "./keys/key-promises.ts";

/** What can be seen of a running node. */
interface Observation {
  readonly status: RaftStatus;
  /** Its tables. */
  readonly view: FleetView;
  /** Its log; null while not all of that has been handed to its storage. */
  readonly reader: LogReader | null;
}

export class Checker {
  readonly access = new AccessModel();
  readonly waves = new WaveModel();
  readonly clients = new ClientPromises();
  readonly owners = new OwnerHistory();
  readonly flips = new Flips();
  readonly keys: KeyPromises;
  /** How often leadership left a slow disk. */
  handOvers = 0;
  readonly #leases = new LeaseHolders();
  readonly #members = new Members();
  readonly #fleet: GroupChecks;
  readonly #groups: ReadonlyMap<GroupId, GroupChecks>;
  #newest: { readonly applied: number; readonly config: ConfState } | null = null;

  /** `groups`: those beside the fleet's own. */
  constructor(nodes: number, groups: readonly GroupId[], keys: KeyPromises) {
    this.keys = keys;
    this.#fleet = new GroupChecks(nodes);
    const others = groups.map((group) => [group, new GroupChecks(nodes)] as const);
    this.#groups = new Map([[FLEET_GROUP, this.#fleet], ...others]);
  }

  /** The configuration that the furthest replica has applied. */
  get config(): ConfState | null {
    return this.#newest?.config ?? null;
  }

  get committed(): number {
    return this.#fleet.committed;
  }

  get terms(): number {
    return this.#fleet.terms;
  }

  /** How often a follower's group became quiescent. */
  get quiesced(): number {
    return [...this.#groups.values()].reduce((sum, { quiesced }) => sum + quiesced, 0);
  }

  of(group: GroupId): GroupChecks {
    const found = this.#groups.get(group);
    if (found === undefined) throw new Error(`the simulation has no group ${group}`);
    return found;
  }

  started(node: NodeId, readerOf: (group: GroupId) => LogReader): void {
    for (const [group, checks] of this.#groups) checks.started(node, readerOf(group));
    this.#members.started(node);
  }

  wiped(node: NodeId): void {
    for (const checks of this.#groups.values()) checks.wiped(node);
  }

  /** `request` is about to change the log that `reader` shows. */
  writes(node: NodeId, reader: LogReader, request: WriteRequest): void {
    this.of(request.group).writes(node, reader, request);
  }

  /** The records are on their way to the disk: a crash may keep them. */
  writesFrame(node: NodeId, records: readonly WalRecord[]): void {
    for (const [group, checks] of this.#groups) checks.writesFrame(node, ofGroup(records, group));
  }

  synced(node: NodeId, records: readonly WalRecord[]): void {
    for (const [group, checks] of this.#groups) checks.synced(node, ofGroup(records, group));
  }

  sends(node: NodeId, group: GroupId, message: Message): void {
    this.of(group).sends(node, message);
    if (group === FLEET_GROUP) this.#members.says(message);
  }

  applies(node: NodeId, index: LogIndex, data: Uint8Array, outcome: Outcome | null, view: FleetView): void {
    this.#reaches(node, index, view.hash());
    this.clients.applies(index, data, outcome);
    this.access.applies(index, data, outcome, view);
    this.waves.applies(index, data, outcome, view);
  }

  restores(node: NodeId, index: LogIndex, view: FleetView): void {
    this.#reaches(node, index, view.hash());
  }

  /** The node says that its own state is wrong. */
  fences(node: NodeId, divergence: Divergence): void {
    this.flips.fences({ node, ...divergence }, this.#fleet.hashAt(logIndex(divergence.index)));
  }

  #reaches(node: NodeId, index: LogIndex, hash: string): void {
    if (this.flips.doubts(node, hash, this.#fleet.hashAt(index))) return;
    this.#fleet.reaches(node, index, hash);
    this.flips.learns(index, hash);
  }

  /** The node's process is gone. */
  stopped(node: NodeId): void {
    this.#leases.observes(node, false);
  }

  /** After each step of the node. */
  observesLease(node: NodeId, readsByLease: boolean): void {
    this.#leases.observes(node, readsByLease);
  }

  /** After each step that changed its term, its role, what is committed or applied, or that brought its storage up to date. */
  observes(node: NodeId, { status, view, reader }: Observation): void {
    if (this.#fleet.observes(node, status, reader)) {
      this.#members.elected(node, status.term, status.config);
    }
    this.#members.observes(node, status.applied, view, status.config);
    if (status.applied > (this.#newest?.applied ?? 0)) {
      this.#newest = { applied: status.applied, config: status.config };
    }
  }
}

function ofGroup(records: readonly WalRecord[], group: GroupId): readonly WalRecord[] {
  return records.filter((record) => record.group === group);
}
