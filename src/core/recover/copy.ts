// One stopped replica's log, replayed to its end. It shows the last entry, the commit index, which members
// voted at which index, and the tables as they are if all entries count.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type NodeId, type Term } from "../base/ids.ts";
import type { CopyAge } from "../base/incarnation.ts";
import { onlyVoters } from "../base/only-voters.ts";
import { apply } from "../fleet/apply.ts";
import { decodeCommand } from "../fleet/command-codec.ts";
import { epochOf } from "../fleet/incarnation.ts";
import { listMembers } from "../fleet/query.ts";
import { decodeSnapshot } from "../fleet/snapshot/snapshot.ts";
import type { FleetState } from "../fleet/state.ts";
import { changeMembership, type Membership, restoreMembership } from "../raft/changer.ts";
import { decodeConfChange } from "../raft/confchange-codec.ts";
import { confStateOf } from "../raft/configuration.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { ConfState, Entry } from "../raft/message.ts";
import type { EntryId } from "../raft/raft-log.ts";
import type { MemberRecord } from "../wire/gen/fleet/v1/command.ts";
import { type RevocationList, revocationListOf } from "./kept-revocations.ts";

/** A configuration and the index of the entry that set it. */
interface ConfigurationSince {
  readonly since: LogIndex;
  readonly state: ConfState;
}

export interface Copy {
  readonly nodeId: NodeId;
  readonly term: Term;
  readonly last: EntryId;
  /** The commit index that this replica knew; more may have been committed. */
  readonly commit: LogIndex;
  readonly snapshotIndex: LogIndex;
  /** It had lost its disk: it forgot what it acknowledged or voted before (ADR-0002). */
  readonly isAmnesiac: boolean;
  readonly age: CopyAge;
  /** Ascending; the first is the snapshot's. */
  readonly configurations: readonly ConfigurationSince[];
  /** The members' table at the log's end. */
  readonly members: readonly Readonly<MemberRecord>[];
  /** The deny-list at the log's end, by its version; `incarnation` is empty, since a log does not name it. */
  readonly revocations: RevocationList;
  /** The groups beside the fleet's own in the tables at the log's end. */
  readonly groups: readonly number[];
  readonly log: LogReader;
}

export type ReadCopy =
  | { readonly ok: true; readonly copy: Copy }
  | { readonly ok: false; readonly problem: string };

export function readCopy(nodeId: NodeId, log: LogReader, isAmnesiac: boolean): ReadCopy {
  const replayed = replay(log);
  if (!replayed.ok) return replayed;
  const { hardState } = log.initialState();
  const lastIndex = log.lastIndex();
  const lastTerm = log.term(lastIndex);
  if (lastIndex === 0 || typeof lastTerm === "string") return { ok: false, problem: "its log is empty" };
  const snapshotIndex = snapshotOf(log).index;
  return {
    ok: true,
    copy: {
      nodeId,
      term: hardState.term,
      last: { term: lastTerm, index: lastIndex },
      commit: logIndex(Math.max(hardState.commit, snapshotIndex)),
      snapshotIndex,
      isAmnesiac,
      age: { epoch: epochOf(replayed.state), newestMs: replayed.newestMs },
      configurations: configurationsOf(log),
      members: listMembers(replayed.state),
      revocations: revocationListOf(replayed.state, ""),
      groups: [...replayed.state.tables.groups.rows()].map(({ groupId }) => groupId),
      log,
    },
  };
}

export type Replayed =
  /** `newestMs`: when the newest entry with a time was written; 0 = no entry has one. */
  | { readonly ok: true; readonly state: FleetState; readonly newestMs: number }
  | { readonly ok: false; readonly problem: string };

/** The tables once every entry is applied, committed or not. */
export function replay(log: LogReader): Replayed {
  const { index, data } = snapshotOf(log);
  const restored = decodeSnapshot(data);
  if (!restored.ok) return { ok: false, problem: restored.message };
  const { state } = restored;
  // The first snapshot of a cluster is empty and knows no index of its own.
  if (state.appliedIndex < index) state.advanceTo(index);
  let newestMs = newestAuditMs(state);
  for (const entry of entriesOf(log)) {
    const isCommand = entry.type === "normal" && entry.data.length > 0;
    if (!isCommand) {
      state.advanceTo(entry.index);
      continue;
    }
    const command = decodeCommand(entry.index, entry.data);
    apply(state, entry.index, command);
    newestMs = Math.max(newestMs, command.atMs);
  }
  return { ok: true, state, newestMs };
}

// A snapshot keeps only the rows.
function newestAuditMs({ tables }: FleetState): number {
  let newestMs = 0;
  for (const { atMs } of tables.audit.rows()) newestMs = Math.max(newestMs, atMs);
  return newestMs;
}

/** The configuration that counts once everything through `index` is committed. */
export function configurationAt(
  { configurations }: Pick<Copy, "configurations">,
  index: LogIndex,
): ConfState {
  const known = configurations.filter(({ since }) => since <= index).at(-1);
  return known?.state ?? NO_MEMBERS;
}

/** Of a stopped replica's log, if every entry counts: ascending. */
export function configurationsOf(log: LogReader): ConfigurationSince[] {
  const { index, confState } = snapshotOf(log);
  const found: ConfigurationSince[] = [{ since: index, state: confState }];
  const restored = restoreMembership(confState, FRESH);
  if (!restored.ok) return found;
  let { membership }: { membership: Membership } = restored;
  for (const entry of entriesOf(log)) {
    if (entry.type === "normal") continue;
    const changed = changeMembership(membership, decodeConfChange(entry.data), FRESH);
    // A change that does not fit was never committed: its leader would have refused it.
    if (!changed.ok) continue;
    membership = changed.membership;
    found.push({ since: entry.index, state: confStateOf(membership.configuration) });
  }
  return found;
}

export function entriesOf(log: LogReader, after = logIndex(0)): readonly Entry[] {
  const first = logIndex(Math.max(log.firstIndex(), after + 1));
  const behind = logIndex(log.lastIndex() + 1);
  if (first >= behind) return [];
  const entries = log.entries(first, behind, Number.MAX_SAFE_INTEGER);
  return typeof entries === "string" ? [] : entries;
}

function snapshotOf(log: LogReader): { index: LogIndex; confState: ConfState; data: Uint8Array } {
  const snapshot = log.snapshot();
  if (typeof snapshot === "string")
    return { index: logIndex(0), confState: NO_MEMBERS, data: new Uint8Array() };
  const { index, confState, data } = snapshot;
  assert(data instanceof Uint8Array, "of a stopped node the snapshot is read whole");
  return { index, confState, data };
}

const NO_MEMBERS: ConfState = onlyVoters([]);

// No replication happens here; only the sets of members matter.
const FRESH = { lastIndex: logIndex(0), inflightMessagesMax: 1, inflightBytesMax: 0 };
