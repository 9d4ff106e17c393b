// A configuration change takes effect when it is applied: the driver calls this for every committed change,
// in order. Raft §4.1 differs: there a change takes effect when it is appended (see etcd-io/raft's README).

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
 * The configuration after the change, to be stored with the applied state. Null for an impossible change,
 * which no correct leader proposes. An impossible change changes nothing, on every replica alike.
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
    // "A leader that is removed from the configuration steps down once the configuration is committed"
    // (§4.2.2). Without the option it stays until another member is elected, so the group is never without a
    // leader.
    if (core.config.stepDownOnRemoval) becomeFollower(core, core.term, NO_NODE);
    return;
  }
  // The quorum may have become smaller, so entries may be committed now. New members are probed at once.
  if (!advanceCommit(core)) for (const id of core.peers) sendAppend(core, id, false);
  releaseConfirmedReads(core);
  const isTransferring = core.transferee !== NO_NODE;
  if (isTransferring && !votersOf(core.membership.configuration).includes(core.transferee))
    core.transferee = NO_NODE;
}
