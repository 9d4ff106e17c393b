// Leadership transfer (Raft §3.10): the leader stops accepting proposals, brings the target up to date, and
// asks it to campaign. The attempt ends with the term, or after an election timeout.

import type { Core } from "./core.ts";
import { campaign } from "./election.ts";
import { type Message, NO_NODE } from "./message.ts";
import { sendAppend } from "./replication.ts";
import { tellToCampaign } from "./tell-to-campaign.ts";

/** MsgTransferLeader: from = the wanted leader. */
export function handleTransfer(core: Core, message: Message): void {
  switch (core.role) {
    case "leader":
      startTransfer(core, message);
      return;
    case "follower":
      if (core.leader !== NO_NODE) core.send("MsgTransferLeader", { to: core.leader, from: message.from });
      return;
    case "candidate":
    case "pre-candidate":
      return;
  }
}

function startTransfer(core: Core, message: Message): void {
  const target = message.from;
  const progress = core.progressOf(target);
  // A learner cannot be elected: waiting for it would only stop proposals (consul#7031).
  if (progress === undefined || progress.isLearner || core.transferee === target) return;
  core.transferee = NO_NODE;
  if (target === core.id) return;
  core.electionElapsed = 0;
  core.transferee = target;
  if (progress.match === core.log.lastIndex) tellToCampaign(core, target);
  else sendAppend(core, target, true);
}

/** MsgTimeoutNow. Only followers obey it: a candidate or leader has nothing to start. */
export function handleTimeoutNow(core: Core): void {
  if (core.role === "follower") campaign(core, "transfer");
}

/**
 * MsgForgetLeader: a driver that has reason to believe the leader dead makes this follower free to grant
 * (pre-)votes. Under leases this is not allowed: the leader relies on followers that remember it.
 */
export function forgetLeader(core: Core): void {
  if (core.role === "follower" && core.config.readOnly !== "lease-based") core.leader = NO_NODE;
}
