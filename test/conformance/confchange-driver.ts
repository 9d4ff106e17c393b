// Runs the confchange suite: one membership, changed by simple and joint steps.

import { logIndex, type NodeId } from "../../src/core/base/ids.ts";
import {
  type Changed,
  type ChangeRefusal,
  changeSimply,
  EMPTY_MEMBERSHIP,
  enterJoint,
  leaveJoint,
  type Membership,
} from "../../src/core/raft/changer.ts";
import { isJoint } from "../../src/core/raft/configuration.ts";
import { progressStatusOf } from "../../src/core/raft/status.ts";
import { booleanOf } from "./arguments.ts";
import { CommandError } from "./command-error.ts";
import type { Directive } from "./datadriven.ts";
import { describeProgress } from "./describe-progress.ts";
import { parseOperations } from "./operations.ts";

const REFUSALS: Readonly<Record<ChangeRefusal, string>> = {
  "in-joint": "can't apply simple config change in joint config",
  "already-joint": "config is already joint",
  "no-voters": "can't make a zero-voter config joint",
  "not-joint": "can't leave a non-joint config",
  "removed-all-voters": "removed all voters",
  "several-voters-at-once": "more than one voter changed without entering joint config",
};

export class ConfchangeDriver {
  #membership = EMPTY_MEMBERSHIP;
  /** Counts directives, failed ones too: new members start from it. */
  #lastIndex = 0;

  run(directive: Directive): string {
    try {
      const changed = this.#change(directive);
      if (!changed.ok) return REFUSALS[changed.reason];
      this.#membership = changed.membership;
      return describeMembership(this.#membership);
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    } finally {
      this.#lastIndex += 1;
    }
  }

  #change(directive: Directive): Changed {
    const operations = parseOperations(directive.input);
    const fresh = { lastIndex: logIndex(this.#lastIndex), inflightMessagesMax: 10, inflightBytesMax: 0 };
    switch (directive.command) {
      case "simple":
        return changeSimply(this.#membership, operations, fresh);
      case "enter-joint":
        return enterJoint(this.#membership, operations, booleanOf(directive, "autoleave"), fresh);
      case "leave-joint":
        if (operations.length > 0) throw new CommandError("this command takes no input");
        return leaveJoint(this.#membership);
    }
    throw new CommandError("unknown command");
  }
}

function describeMembership({ configuration, progress }: Membership): string {
  const { incoming, outgoing, learners, learnersNext, autoLeave } = configuration;
  let text = `voters=${describeIds(incoming)}`;
  if (isJoint(configuration)) text += `&&${describeIds(outgoing)}`;
  if (learners.size > 0) text += ` learners=${describeIds(learners)}`;
  if (learnersNext.size > 0) text += ` learners_next=${describeIds(learnersNext)}`;
  if (autoLeave) text += " autoleave";
  const rows = [...progress].map(([id, entry]) => `${id}: ${describeProgress(progressStatusOf(entry))}\n`);
  return `${text}\n${rows.join("")}`;
}

function describeIds(ids: ReadonlySet<NodeId>): string {
  const sorted = [...ids].toSorted((a, b) => a - b);
  return `(${sorted.map((id) => id.toString(16)).join(" ")})`;
}
