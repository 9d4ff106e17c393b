// The command that creates nodes, all from one template.

import { logIndex, nodeId, term } from "../../../src/core/base/ids.ts";
import type { WholeSnapshot } from "../../../src/core/raft/message.ts";
import { booleanOf, idsOf, numberOf, positionals, stringOf, toNumber } from "../arguments.ts";
import { CommandError } from "../command-error.ts";
import type { Directive } from "../datadriven.ts";
import type { Environment } from "./environment.ts";
import { ELECTION_TICKS, type NodeOptions, ScriptedNode } from "./scripted-node.ts";

const UNLIMITED = Number.MAX_SAFE_INTEGER;
const INFLIGHT_DEFAULT = 2 ** 31 - 1;

export function addNodes(environment: Environment, directive: Directive): void {
  const count = toNumber(positionals(directive)[0] ?? "");
  const bootstrap = bootstrapOf(directive);
  const options = optionsOf(directive);
  for (let left = count; left > 0; left -= 1) {
    const id = nodeId(environment.nodes.length + 1);
    environment.nodes.push(new ScriptedNode(id, options, bootstrap));
  }
}

function bootstrapOf(directive: Directive): WholeSnapshot {
  const voters = idsOf(directive, "voters");
  const learners = idsOf(directive, "learners");
  const index = numberOf(directive, "index") ?? 0;
  const data = new TextEncoder().encode(stringOf(directive, "content") ?? "");
  const isEmpty = voters.length === 0 && learners.length === 0 && index === 0 && data.length === 0;
  if (!isEmpty && index < 2) throw new CommandError("index must be specified as > 1 due to bootstrap");
  const confState = { voters, learners, votersOutgoing: [], learnersNext: [], autoLeave: false };
  return { index: logIndex(index), term: term(isEmpty ? 0 : 1), confState, data };
}

function optionsOf(directive: Directive): NodeOptions {
  return {
    applied: logIndex(numberOf(directive, "index") ?? 0),
    electionTicks: ELECTION_TICKS,
    heartbeatTicks: 1,
    asyncStorageWrites: booleanOf(directive, "async-storage-writes"),
    preVote: booleanOf(directive, "prevote"),
    checkQuorum: booleanOf(directive, "checkquorum"),
    readOnly: readOnlyOf(directive),
    messageBytesMax: UNLIMITED,
    inflightMessagesMax: numberOf(directive, "inflight") ?? INFLIGHT_DEFAULT,
    inflightBytesMax: 0,
    uncommittedBytesMax: UNLIMITED,
    committedBytesPerReadyMax: numberOf(directive, "max-committed-size-per-ready") ?? UNLIMITED,
    disableProposalForwarding: false,
    disableConfChangeValidation: booleanOf(directive, "disable-conf-change-validation"),
    stepDownOnRemoval: booleanOf(directive, "step-down-on-removal"),
    // etcd has none.
    commitHints: false,
  };
}

function readOnlyOf(directive: Directive): NodeOptions["readOnly"] {
  const option = stringOf(directive, "read-only") ?? "safe";
  if (option === "safe" || option === "lease-based") return option;
  throw new CommandError(`invalid read-only option "${option}"`);
}
