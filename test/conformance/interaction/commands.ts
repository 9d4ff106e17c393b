// The commands that call one function of a core, move messages, or look at a node.

import type { ConfChange } from "../../../src/core/raft/confchange.ts";
import { newMessage } from "../../../src/core/raft/new-message.ts";
import type { Proposed } from "../../../src/core/raft/proposal.ts";
import { booleanOf, numberOf, positionalIds, positionals, stringOf, toId, toNumber } from "../arguments.ts";
import { CommandError } from "../command-error.ts";
import type { Directive } from "../datadriven.ts";
import { describeProgress } from "../describe-progress.ts";
import { parseOperations } from "../operations.ts";
import { describeRole } from "./describe-entry.ts";
import { describeEntries, describeMessage } from "./describe-message.ts";
import type { Environment } from "./environment.ts";
import { parseLevel } from "./output.ts";
import { ELECTION_TICKS, type ScriptedNode } from "./scripted-node.ts";

export function setLogLevel({ output }: Environment, directive: Directive): void {
  const level = parseLevel(positionals(directive)[0] ?? "");
  if (level === undefined)
    throw new CommandError("log levels must be either of [DEBUG INFO WARN ERROR FATAL NONE]");
  output.level = level;
}

export function setElectionTimeout(environment: Environment, directive: Directive): void {
  firstNode(environment, directive).core.setRandomizedElectionTimeout(numberOf(directive, "timeout") ?? 0);
}

export function campaign(environment: Environment, directive: Directive): void {
  firstNode(environment, directive).core.campaign();
}

export function tickElection(environment: Environment, directive: Directive): void {
  const { core } = firstNode(environment, directive);
  for (let left = ELECTION_TICKS; left > 0; left -= 1) core.tick();
}

export function tickHeartbeat(environment: Environment, directive: Directive): void {
  firstNode(environment, directive).core.tick();
}

export function propose(environment: Environment, directive: Directive): void {
  const data = new TextEncoder().encode(positionals(directive)[1] ?? "");
  check(firstNode(environment, directive).core.propose(data));
}

export function proposeConfChange(environment: Environment, directive: Directive): void {
  const unknown = directive.arguments.slice(1).find(({ key }) => key !== "v1" && key !== "transition");
  if (unknown !== undefined) throw new CommandError(`unknown command ${unknown.key}`);
  const transition = transitionOf(stringOf(directive, "transition") ?? "auto");
  const changes = parseOperations(directive.input);
  const isV1 = booleanOf(directive, "v1");
  if (isV1 && (changes.length > 1 || transition !== "auto")) {
    throw new CommandError("v1 conf change can only have one operation and no transition");
  }
  const change = { transition, changes, context: new Uint8Array(0) };
  check(firstNode(environment, directive).core.proposeConfChange(change, isV1 ? "v1" : "v2"));
}

function transitionOf(text: string): ConfChange["transition"] {
  if (text === "auto" || text === "implicit" || text === "explicit") return text;
  throw new CommandError(`unknown transition ${text}`);
}

function check(proposed: Proposed): void {
  if (!proposed.ok) throw new CommandError("raft proposal dropped");
}

export function forgetLeader(environment: Environment, directive: Directive): void {
  firstNode(environment, directive).core.forgetLeader();
}

export function transferLeadership(environment: Environment, directive: Directive): void {
  const [from, to] = [stringOf(directive, "from"), stringOf(directive, "to")];
  if (from === undefined || to === undefined) throw new Error("a transfer has from= and to=");
  environment.node(toId(from)).core.transferLeader(toId(to));
}

export function reportUnreachable(environment: Environment, directive: Directive): void {
  const [on, reported, ...others] = positionalIds(directive);
  if (on === undefined || reported === undefined || others.length > 0) {
    throw new CommandError(
      "must specify exactly two node indexes: node on which to report, and reported node",
    );
  }
  environment.node(on).core.reportUnreachable(reported);
}

export function deliverMessages(environment: Environment, directive: Directive): void {
  const type = stringOf(directive, "type");
  const recipients = directive.arguments.flatMap(({ key, values }) => {
    if (key === "type") return [];
    if (key === "drop") return values.map((value) => ({ id: toId(value), drops: true }));
    return [{ id: toId(key), drops: false }];
  });
  const ids = recipients.map(({ id }) => id);
  if (new Set(ids).size < ids.length) throw new Error("a node is named twice");
  const counts = recipients.map((recipient) => environment.deliver(recipient, type));
  if (!counts.some((count) => count > 0)) environment.output.write("no messages\n");
}

/** A snapshot out of the blue; the sender's core knows nothing of it. */
export function sendSnapshot(environment: Environment, directive: Directive): void {
  const [from, to] = positionalIds(directive);
  if (from === undefined || to === undefined) throw new Error("a snapshot goes from one node to another");
  const sender = environment.node(from);
  const { term } = sender.core.status();
  const message = newMessage("MsgSnap", { from, to, term, snapshot: sender.newestSnapshot });
  environment.queue.push(message);
  environment.output.write(`${describeMessage(message)}\n`);
}

export function printLog(environment: Environment, directive: Directive): void {
  writeLog(environment, firstNode(environment, directive));
}

export function compact(environment: Environment, directive: Directive): void {
  const node = firstNode(environment, directive);
  node.compact(toNumber(positionals(directive)[1] ?? ""));
  writeLog(environment, node);
}

function writeLog({ output }: Environment, node: ScriptedNode): void {
  const entries = node.storedEntries();
  const { log } = node;
  if (entries.length > 0) output.write(describeEntries(entries));
  else output.write(`log is empty: first index=${log.firstIndex()}, last index=${log.lastIndex()}`);
}

export function printStatus(environment: Environment, directive: Directive): void {
  const { progress } = firstNode(environment, directive).core.status();
  for (const [id, entry] of progress) environment.output.write(`${id}: ${describeProgress(entry)}\n`);
}

export function printStates({ nodes, output }: Environment): void {
  for (const { core } of nodes) {
    const { id, role, term, leader, config } = core.status();
    const isVoter = [...config.voters, ...config.votersOutgoing].includes(id);
    const kind = isVoter ? "(Voter)" : "(Non-Voter)";
    output.write(`${id}: ${describeRole(role)} ${kind} Term:${term} Lead:${leader}\n`);
  }
}

function firstNode(environment: Environment, directive: Directive): ScriptedNode {
  return environment.node(toId(positionals(directive)[0] ?? ""));
}
