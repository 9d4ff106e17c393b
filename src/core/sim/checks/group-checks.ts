// The properties of one Raft group, whatever it replicates (Raft Figure 3), fed with what its replicas do.

import { type LogIndex, type NodeId, nodeId } from "../../base/ids.ts";
import type { LogReader } from "../../raft/log-reader.ts";
import type { Message } from "../../raft/message.ts";
import type { RaftStatus } from "../../raft/status.ts";
import type { WalRecord } from "../../storage/record.ts";
import type { WriteRequest } from "../../storage/storage.ts";
import type { Quiesce } from "../../transport/transport.ts";
import { check } from "../violation.ts";
import { CommittedLog } from "./committed-log.ts";
import { ElectionSafety } from "./election-safety.ts";
import { LeaderLogs } from "./leader-logs.ts";
import { LogMatching } from "./log-matching.ts";
import { Promises } from "./promises.ts";

export class GroupChecks {
  readonly #elections = new ElectionSafety();
  readonly #matching = new LogMatching();
  readonly #committed = new CommittedLog();
  readonly #leaders = new LeaderLogs();
  readonly #promises: readonly Promises[];
  /** By node: how far its commits were compared in its present life. */
  readonly #comparedThrough = new Map<NodeId, number>();
  readonly #unseenLeaders = new Map<NodeId, number>();
  #quiesced = 0;

  constructor(nodes: number) {
    this.#promises = Array.from(
      { length: nodes },
      (_, position) => new Promises(nodeId(position + 1), this.#leaders),
    );
  }

  get committed(): number {
    return this.#committed.lastIndex;
  }

  get terms(): number {
    return this.#elections.terms;
  }

  /** How often a follower became quiescent. */
  get quiesced(): number {
    return this.#quiesced;
  }

  started(node: NodeId, reader: LogReader): void {
    this.#of(node).started(reader);
    this.#comparedThrough.set(node, reader.firstIndex() - 1);
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
  }

  /** The state after `index`, as the first replica reported it. */
  hashAt(index: LogIndex): string | undefined {
    return this.#committed.hashAt(index);
  }

  /** The replica's state after `index`. */
  reaches(node: NodeId, index: LogIndex, hash: string): void {
    this.#committed.applies(node, index, hash);
  }

  /** The node became quiescent when its leader said this: it holds the leader's whole log (ADR-0008). */
  quiesces(node: NodeId, { term, index }: Quiesce, status: RaftStatus): void {
    const holds = [status.lastIndex, status.commit, status.applied].every((own) => own === index);
    const isTrue = holds && status.role === "follower" && status.term === term;
    check(isTrue, "quiescence", () => {
      const own = `${status.applied}/${status.commit}/${status.lastIndex} in term ${status.term}`;
      return `node ${node} became quiescent at ${own}, and its leader at ${index} in term ${term}`;
    });
    this.#quiesced += 1;
  }

  /** After each step of the node. `reader`: null while not all of its log was handed to its storage. True if it leads anew. */
  observes(node: NodeId, status: RaftStatus, reader: LogReader | null): boolean {
    const { term, commit, role } = status;
    this.#of(node).runs(term, commit);
    const isNewLeader = role === "leader" && this.#elections.leads(node, term);
    if (isNewLeader) this.#unseenLeaders.set(node, term);
    if (reader !== null) this.#observeLog(node, status, reader);
    return isNewLeader;
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
