// The state from which the survivor starts a cluster of its own. A snapshot makes it the only voter, with exactly the
// tables of its log (so the state hash is the same). The first entry of the new log, behind the snapshot, is the
// recovery itself. A second one keeps revocations that the log lacks. Pure, and depends only on the log and the order,
// so running it twice gives the same bytes.

import { assert } from "../base/assert.ts";
import { type LogIndex, logIndex, type Term, term } from "../base/ids.ts";
import { type CopyAge, nextEpoch } from "../base/incarnation.ts";
import { onlyVoters } from "../base/only-voters.ts";
import { OUTSIDE_SESSIONS } from "../base/outside-sessions.ts";
import type { RecoveryOrder } from "../base/recovery-order.ts";
import { apply } from "../fleet/apply.ts";
import { encodeCommand, type NewCommand } from "../fleet/command-codec.ts";
import { encodeSnapshot } from "../fleet/snapshot/snapshot.ts";
import type { LogReader } from "../raft/log-reader.ts";
import type { Entry, HardState, WholeSnapshot } from "../raft/message.ts";
import type { Operation } from "../wire/gen/fleet/v1/command.ts";
import { type Copy, replay } from "./copy.ts";

/** The limit of a reason in the tables. */
export { REASON_BYTES_MAX } from "../fleet/limits.ts";

/**
 * The new incarnation starts right behind the last index and term that any survivor knows. Other replicas may
 * remember later ones; they belong to another incarnation, so they mean nothing here (ADR-0016). `nowMs` is
 * since 1970.
 */
export function newBeginning(
  copies: readonly Pick<Copy, "term" | "last" | "age">[],
  nowMs: number,
): {
  readonly index: LogIndex;
  readonly term: Term;
  readonly epoch: number;
} {
  assert(copies.length > 0, "a cluster begins anew from a copy");
  const lastIndex = Math.max(...copies.map((copy) => copy.last.index));
  const lastTerm = Math.max(...copies.map((copy) => Math.max(copy.term, copy.last.term)));
  return { index: logIndex(lastIndex + 1), term: term(lastTerm + 1), epoch: nextEpoch(ageOf(copies), nowMs) };
}

/** The largest age that any of several copies of one cluster knows. */
export function ageOf(copies: readonly Pick<Copy, "age">[]): CopyAge {
  return {
    epoch: Math.max(...copies.map(({ age }) => age.epoch)),
    newestMs: Math.max(...copies.map(({ age }) => age.newestMs)),
  };
}

/** The content that replaces the log, which must be the one that the order was made for. */
export function recovered(
  log: LogReader,
  order: RecoveryOrder,
): {
  readonly snapshot: WholeSnapshot;
  readonly entries: readonly Entry[];
  readonly hardState: HardState;
} {
  assert(log.lastIndex() === order.last, "the log ends where it did when the recovery was ordered");
  assert(order.index > order.last, "the new log begins behind the old one");
  assert(order.term > log.initialState().hardState.term, "terms never go back");
  const replayed = replay(log);
  assert(replayed.ok, "a log that was chosen for a recovery can be replayed");
  const { state } = replayed;
  state.advanceTo(order.index);
  const data = encodeSnapshot(state);
  const entries = commandsOf(order).map((command, at): Entry => {
    const index = logIndex(order.index + 1 + at);
    const bytes = encodeCommand(command, state.clusterVersion);
    assert(apply(state, index, command).result?.$case === "applied", "the tables refuse no recovery");
    return { index, term: order.term, type: "normal", data: bytes };
  });
  const confState = onlyVoters([order.nodeId]);
  return {
    snapshot: { index: order.index, term: order.term, confState, data },
    entries,
    hardState: { term: order.term, vote: order.nodeId, commit: logIndex(order.index + entries.length) },
  };
}

/** The recovery raises the cluster version, so what was revoked can follow it. */
function commandsOf(order: RecoveryOrder): readonly NewCommand[] {
  const { revocations = [] } = order;
  const begin = commandOf(order);
  if (revocations.length === 0 || order.epoch === null) return [begin];
  const kind: Operation["kind"] = { $case: "keepRevocations", value: { revocations: [...revocations] } };
  return [begin, { ...begin, operation: { kind } }];
}

function commandOf(order: RecoveryOrder): NewCommand {
  const { nodeId, address, formerClusterId, clusterId, committed, last, epoch, actor, reason, atMs } = order;
  const value = {
    ...{ nodeId, address, formerClusterId, clusterId, committedIndex: committed, lastIndex: last },
    ...(epoch === null ? {} : { incarnation: { id: clusterId, epoch } }),
    lostGroups: [...(order.lostGroups ?? [])],
  };
  return {
    ...OUTSIDE_SESSIONS,
    ...{ actor, reason, atMs },
    operation: { kind: { $case: "recoverFleet", value } },
  };
}
