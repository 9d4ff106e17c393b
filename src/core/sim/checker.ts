// All properties that are checked after every step, fed with what the nodes do. A broken one throws a
// SafetyViolation. Deliberately absent: any influence on the run.

import { type LogIndex, type NodeId, nodeId } from "../base/ids.ts";
import type { FleetView } from "../fleet/state.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { ConfState, Message } from "../raft/message.ts";
import type { RaftStatus } from "../raft/status.ts";
import type { WalRecord } from "../storage/record.ts";
import type { WriteRequest } from "../storage/storage.ts";
import type { Outcome } from "../wire/gen/fleet/v1/command.ts";
import { ClientPromises } from "./checks/client-promises.ts";
import { CommittedLog } from "./checks/committed-log.ts";
import { ElectionSafety } from "./checks/election-safety.ts";
import { LeaderLogs } from "./checks/leader-logs.ts";
import { LeaseHolders } from "./checks/lease-holders.ts";
import { LogMatching } from "./checks/log-matching.ts";
import { Members } from "./checks/members.ts";
import { OwnerHistory } from "./checks/owner-history.ts";
import { Promises } from "./checks/promises.ts";

/** What can be seen of a running node. */
export interface Observation {
  readonly status: RaftStatus;
  /** Its tables. */
  readonly view: FleetView;
  readonly readsByLease: boolean;
  /** Its log; null while not all of that has been handed to its storage. */
  readonly reader: LogReader | null;
}

export class Checker {
  readonly clients = new ClientPromises();
  readonly owners = new OwnerHistory();
  readonly #leases = new LeaseHolders();
  readonly #members = new Members();
  readonly #elections = new ElectionSafety();
  readonly #matching = new LogMatching();
  readonly #committed = new CommittedLog();
  readonly #leaders = new LeaderLogs();
  readonly #promises: readonly Promises[];
  /** By node: how far its commits were compared in its present life. */
  readonly #comparedThrough = new Map<NodeId, number>();
  readonly #unseenLeaders = new Map<NodeId, number>();
  #newest: { readonly applied: number; readonly config: ConfState } | null = null;

  constructor(nodes: number) {
    this.#promises = Array.from(
      { length: nodes },
      (_, position) => new Promises(nodeId(position + 1), this.#leaders),
    );
  }

  /** The configuration that the furthest replica has applied. */
  get config(): ConfState | null {
    return this.#newest?.config ?? null;
  }

  get committed(): number {
    return this.#committed.lastIndex;
  }

  get terms(): number {
    return this.#elections.terms;
  }

  started(node: NodeId, reader: LogReader): void {
    this.#of(node).started(reader);
    this.#comparedThrough.set(node, reader.firstIndex() - 1);
    this.#members.started(node);
  }

  wiped(node: NodeId): void {
    this.#of(node).wiped();
  }

  /** `request` is about to change the log that `reader` shows. */
  writes(node: NodeId, reader: LogReader, request: WriteRequest): void {
    const { entries, snapshot } = request;
    this.#matching.writes(reader, entries, snapshot?.term ?? null);
    this.#of(node).handsOver(request);
  }

  /** The records are on their way to the disk: a crash may keep them. */
  writesFrame(node: NodeId, records: readonly WalRecord[]): void {
    this.#of(node).writesFrame(records);
  }

  synced(node: NodeId, records: readonly WalRecord[]): void {
    this.#of(node).synced(records);
  }

  sends(node: NodeId, message: Message): void {
    this.#leaders.says(message);
    this.#of(node).says(message);
    this.#members.says(message);
  }

  applies(node: NodeId, index: LogIndex, data: Uint8Array, outcome: Outcome | null, hash: string): void {
    this.#committed.applies(node, index, hash);
    this.clients.applies(index, data, outcome);
  }

  restores(node: NodeId, index: LogIndex, view: FleetView): void {
    this.#committed.applies(node, index, view.hash());
  }

  /** The node's process is gone. */
  stopped(node: NodeId): void {
    this.#leases.observes(node, false);
  }

  /** After each step of the node. */
  observes(node: NodeId, { status, view, readsByLease, reader }: Observation): void {
    this.#of(node).runs(status.term, status.commit);
    this.#leases.observes(node, readsByLease);
    const isNewLeader = status.role === "leader" && this.#elections.leads(node, status.term);
    if (isNewLeader) {
      this.#members.elected(node, status.term, status.config);
      this.#unseenLeaders.set(node, status.term);
    }
    this.#members.observes(node, status.applied, view, status.config);
    if (reader !== null) this.#observeLog(node, status, reader);
    if (status.applied > (this.#newest?.applied ?? 0)) {
      this.#newest = { applied: status.applied, config: status.config };
    }
  }

  #observeLog(node: NodeId, { term, commit }: RaftStatus, reader: LogReader): void {
    if (this.#unseenLeaders.get(node) === term) {
      this.#unseenLeaders.delete(node);
      this.#committed.elected(node, term, reader);
    }
    const from = this.#comparedThrough.get(node) ?? 0;
    if (commit <= from) return;
    this.#committed.commits(node, from, commit, reader, term);
    this.#comparedThrough.set(node, commit);
  }

  #of(node: NodeId): Promises {
    const found = this.#promises[node - 1];
    if (found === undefined) throw new Error(`the simulation has no node ${node}`);
    return found;
  }
}
