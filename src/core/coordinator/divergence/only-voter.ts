// A replica whose keys changed in memory, and that no other voter can give a copy (ADR-0070). Its disk is sound: no
// snapshot has a damaged version.

import { Exit, OperatorError } from "../../base/errors.ts";
import type { NodeId } from "../../base/ids.ts";
import type { RaftStatus } from "../../raft/status.ts";

type Config = Pick<RaftStatus["config"], "voters" | "votersOutgoing">;

/** Also during a change of the configuration. */
export function isOnlyVoter(self: NodeId, { voters, votersOutgoing }: Config): boolean {
  return voters.length === 1 && [...voters, ...votersOutgoing].every((voter) => voter === self);
}

export function keysChangedInMemory(detail: string): OperatorError {
  return new OperatorError("REPLICATED_STATE_BROKEN", {
    what: detail,
    why: "damaged memory, or a bug of this version; the disk is sound, and no other voter has a copy",
    next: "start it again: it reads its snapshot and its log; if it stops again, test this machine's memory",
    exit: Exit.Failure,
  });
}
