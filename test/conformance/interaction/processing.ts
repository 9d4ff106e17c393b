// The commands that perform what cores ask for: Readys and the work of the two storage threads. They do one piece at
// a time, or continue until nothing is left to do.

import type { Message } from "../../../src/core/raft/message.ts";
import { positionalIds, stringOf } from "../arguments.ts";
import type { Directive } from "../datadriven.ts";
import { describeMessage, describeReady } from "./describe-message.ts";
import type { Environment } from "./environment.ts";
import { parseLevel } from "./output.ts";
import type { ScriptedNode } from "./scripted-node.ts";

type Process = (environment: Environment, node: ScriptedNode) => void;

const HANDLING_READY = "handling Ready";
const APPENDING = "processing append thread";
const APPLYING = "processing apply thread";

export function processReadyCommand(environment: Environment, directive: Directive): void {
  processEach(environment, directive, HANDLING_READY, processReady);
}

export function processAppendCommand(environment: Environment, directive: Directive): void {
  processEach(environment, directive, APPENDING, processAppend);
}

export function processApplyCommand(environment: Environment, directive: Directive): void {
  processEach(environment, directive, APPLYING, processApply);
}

/** One node prints plainly, several in sections. */
function processEach(environment: Environment, directive: Directive, title: string, process: Process): void {
  const ids = positionalIds(directive);
  for (const id of ids) {
    const run = () => process(environment, environment.node(id));
    if (ids.length === 1) run();
    else environment.output.section(`> ${id} ${title}`, run);
  }
}

function processReady(environment: Environment, node: ScriptedNode): void {
  const ready = node.core.ready();
  environment.output.write(describeReady(ready));
  if (!node.isAsync) {
    node.store(ready.hardState, ready.entries, ready.snapshot);
    node.apply(ready.committedEntries);
  }
  for (const message of ready.messages) environment.route(node, message);
  if (!node.isAsync) node.core.advance();
}

function processAppend(environment: Environment, node: ScriptedNode): void {
  const message = node.appendWork.shift();
  processWork(
    environment,
    message,
    "no append work to perform",
    ({ term, vote, commit, entries, snapshot }) => {
      const isUnchanged = term === 0 && vote === 0 && commit === 0;
      node.store(isUnchanged ? null : { term, vote, commit }, entries, snapshot);
    },
  );
}

function processApply(environment: Environment, node: ScriptedNode): void {
  const message = node.applyWork.shift();
  processWork(environment, message, "no apply work to perform", ({ entries }) => node.apply(entries));
}

function processWork(
  { output, queue }: Environment,
  message: Message | undefined,
  nothing: string,
  perform: (message: Message) => void,
): void {
  if (message === undefined) {
    output.write(nothing);
    return;
  }
  output.write(`Processing:\n${describeMessage({ ...message, responses: [] })}\n`);
  perform(message);
  output.write("Responses:\n");
  for (const response of message.responses) output.write(`${describeMessage(response)}\n`);
  queue.push(...message.responses);
}

/** Drives the given nodes (all by default) until a whole round finds nothing to do. */
export function stabilize(environment: Environment, directive: Directive): void {
  const ids = positionalIds(directive);
  const nodes = ids.length === 0 ? environment.nodes : ids.map((id) => environment.node(id));
  const { output } = environment;
  const before = output.level;
  const level = stringOf(directive, "log-level");
  if (level !== undefined) output.level = parseLevel(level) ?? before;
  try {
    let hasWorked = true;
    while (hasWorked) hasWorked = stabilizeRound(environment, nodes);
  } finally {
    output.level = before;
  }
}

function stabilizeRound(environment: Environment, nodes: readonly ScriptedNode[]): boolean {
  const passes = [readyPass, receivePass, appendPass, applyPass];
  // Every pass runs, whatever the earlier ones found.
  return passes.map((pass) => pass(environment, nodes)).includes(true);
}

type Pass = (environment: Environment, nodes: readonly ScriptedNode[]) => boolean;

const readyPass: Pass = (environment, nodes) => {
  return sections(environment, nodes, HANDLING_READY, (node) => node.core.hasReady(), processReady);
};

const receivePass: Pass = (environment, nodes) => {
  const hasMessages = ({ id }: ScriptedNode) => environment.hasMessagesFor(id);
  return sections(environment, nodes, "receiving messages", hasMessages, (_, { id }) => {
    environment.deliver({ id, drops: false }, undefined);
  });
};

const appendPass: Pass = (environment, nodes) => {
  return sections(
    environment,
    nodes,
    APPENDING,
    ({ appendWork }) => appendWork.length > 0,
    (_, node) => {
      while (node.appendWork.length > 0) processAppend(environment, node);
    },
  );
};

const applyPass: Pass = (environment, nodes) => {
  return sections(
    environment,
    nodes,
    APPLYING,
    ({ applyWork }) => applyWork.length > 0,
    (_, node) => {
      while (node.applyWork.length > 0) processApply(environment, node);
    },
  );
};

/** A section for each node that has something to do. False if none had. */
function sections(
  environment: Environment,
  nodes: readonly ScriptedNode[],
  title: string,
  hasWork: (node: ScriptedNode) => boolean,
  process: Process,
): boolean {
  let hasWorked = false;
  for (const node of nodes) {
    if (!hasWork(node)) continue;
    hasWorked = true;
    environment.output.section(`> ${node.id} ${title}`, () => process(environment, node));
  }
  return hasWorked;
}
