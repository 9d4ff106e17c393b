// The fault that a member's certificate is in hostile hands: messages with numbers that no correct member can have reached,
// to every other node. Drawn apart from the other faults, so that it moves none of them. What must stay true: each is
// dropped and nothing else ever is, so nothing else in a run changes. Deliberately absent: lies that a correct member could
// tell, against which Raft has no defence; and newcomers, who know no number yet (ADR-0023).

import { logIndex, type NodeId, nodeId, term as termOf } from "../base/ids.ts";
import { onlyVoters } from "../base/only-voters.ts";
import type { Dropped } from "../coordinator/group/dropped-messages.ts";
import type { Message, MessageType } from "../raft/message.ts";
import { newMessage } from "../raft/new-message.ts";
import type { RaftStatus } from "../raft/status.ts";
import { PEER_MESSAGES } from "../transport/raft-codec.ts";
import type { Chance } from "./chance.ts";
import type { Fault } from "./faults.ts";

/** Of the runs that have some. */
const LYING_PERMILLE = 300;
const LIES_MAX = 12;
/** No run reaches such a number. */
const ABSURD_MIN = 2 ** 25;
const ABSURD = [2 ** 31, 2 ** 32, 2 ** 44, 2 ** 52, 2 ** 53 - 1];
const ABSURD_INDEXES = [2 ** 44, 2 ** 52, 2 ** 53 - 1];
const TYPES: readonly MessageType[] = [...PEER_MESSAGES, "MsgSnap"];

export interface LiePlan {
  readonly nodes: number;
  readonly durationMs: number;
}

/** The first lie has the id `firstId`. */
export function drawLies(chance: Chance, { nodes, durationMs }: LiePlan, firstId: number): Fault[] {
  if (!chance.permille(LYING_PERMILLE)) return [];
  return Array.from({ length: chance.between(1, LIES_MAX) }, (_, at) => ({
    id: firstId + at,
    atMs: chance.ms(500, durationMs),
    kind: "lie",
    node: chance.permille(400) ? 0 : chance.between(1, nodes),
    ms: 0,
    salt: chance.below(0x1_0000_0000),
  }));
}

/** What the liar says to one node of this status, in its own term or in one that no replica can have reached. */
export function lieOf(chance: Chance, from: NodeId, { id, term, lastIndex }: RaftStatus): Message {
  const isOfTerm = chance.permille(600);
  const index = logIndex(isOfTerm ? lastIndex : chance.pick(ABSURD_INDEXES));
  const said = termOf(isOfTerm ? chance.pick(ABSURD) : term);
  const members = onlyVoters([from, id]);
  return newMessage(chance.pick(TYPES), {
    ...{ from, to: nodeId(id), term: said, logTerm: term, index, commit: index, rejectHint: index },
    reject: chance.permille(300),
    snapshot: { index, term, confState: members, data: new Uint8Array() },
  });
}

export function isLie({ term, index }: Pick<Dropped, "term" | "index">): boolean {
  return term >= ABSURD_MIN || index >= ABSURD_MIN;
}
