// A configuration change takes effect when it is applied (unlike Raft §4.1, where it does when appended; see
// etcd-io/raft's README): the driver calls this for every committed change, in order.

import { changeMembership } from "./changer.ts";
import { advanceCommit } from "./commit.ts";
import type { ConfChange } from "./confchange.ts";
import { confStateOf, votersOf } from "./configuration.ts";
import type { Core } from "./core.ts";
import { type ConfState, NO_NODE } from "./message.ts";
import { releaseConfirmedReads } from "./read-index.ts";
import { sendAppend } from "./replication.ts";
import { becomeFollower } from "./roles.ts";

/**
 * The configuration after the change, to be stored with the applied state. Null for an impossible change, which no
 * correct leader proposes: it changes nothing, on every replica alike.
 */
export function applyConfChange(core: Core, change: ConfChange): ConfState | null {
  const changed = changeMembership(core.membership, change, core.newMembers);
  if (!changed.ok) return null;
  core.membership = changed.membership;
  const confState = confStateOf(core.membership.configuration);
  if (core.role === "leader") adjustLeader(core);
  return confState;
}

function adjustLeader(core: Core): void {
  const own = core.progressOf(core.id);
  if (own === undefined || own.isLearner) {
    // "A leader that is removed from the configuration steps down once the configuration is committed" (§4.2.2).
    // Without the option it stays until somebody else is elected, which leaves no gap without a leader.
    if (core.config.stepDownOnRemoval) becomeFollower(core, core.term, NO_NODE);
    return;
  }
  // Quorums may have shrunk; newcomers are probed at once.
  if (!advanceCommit(core)) for (const id of core.peers) sendAppend(core, id, false);
  releaseConfirmedReads(core);
  const isTransferring = core.transferee !== NO_NODE;
  if (isTransferring && !votersOf(core.membership.configuration).includes(core.transferee))
    core.transferee = NO_NODE;
}
