// What all messages from a leader have in common: the receiver becomes a follower of the sender.

import { assert } from "../base/assert.ts";
import type { Core } from "./core.ts";
import { type Message, NO_NODE } from "./message.ts";
import { becomeFollower } from "./roles.ts";

/** Acknowledges the sender as leader of the current term. False if the message is to be ignored. */
export function followSender(core: Core, message: Message): boolean {
  assert(message.from !== NO_NODE, "a leader has an id");
  switch (core.role) {
    case "leader":
      // There is at most one leader a term (election safety, Figure 3), so this message was misrouted.
      return false;
    case "candidate":
    case "pre-candidate":
      // "While waiting for votes ... if the leader's term is at least as large as the candidate's current term,
      // then the candidate recognizes the leader as legitimate and returns to follower state" (§5.2).
      becomeFollower(core, core.term, message.from);
      return true;
    case "follower":
      core.electionElapsed = 0;
      core.leader = message.from;
      return true;
  }
}
