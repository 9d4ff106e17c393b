// All nodes of a script, the messages under way between them, and the output.

import { assert } from "../../../src/core/base/assert.ts";
import type { NodeId } from "../../../src/core/base/ids.ts";
import { APPEND_THREAD, APPLY_THREAD, type Message } from "../../../src/core/raft/message.ts";
import type { StepError } from "../../../src/core/raft/step-error.ts";
import { describeMessage } from "./describe-message.ts";
import { Output } from "./output.ts";
import type { ScriptedNode } from "./scripted-node.ts";

export interface Recipient {
  readonly id: NodeId;
  readonly drops: boolean;
}

export class Environment {
  readonly nodes: ScriptedNode[] = [];
  readonly output = new Output();
  queue: Message[] = [];

  /** A script that names an unknown node is malformed. */
  node(id: NodeId): ScriptedNode {
    const node = this.nodes.find((candidate) => candidate.id === id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  hasMessagesFor(id: NodeId): boolean {
    return this.queue.some(({ to }) => to === id);
  }

  /** Delivers or drops what waits for the recipient, of the given type if any. Returns how many messages. */
  deliver({ id, drops }: Recipient, type: string | undefined): number {
    const isWanted = (message: Message) =>
      message.to === id && !(drops && isLocal(message)) && (type === undefined || message.type === type);
    const taken = this.queue.filter(isWanted);
    this.queue = this.queue.filter((message) => !isWanted(message));
    for (const message of taken) {
      this.output.write(`${drops ? "dropped: " : ""}${describeMessage(message)}\n`);
      const error = drops ? null : this.node(id).core.step(message);
      if (error !== null) this.output.write(`${describeStepError(error)}\n`);
    }
    return taken.length;
  }

  /** Routes a message of a Ready: storage work to its node, all else to the queue. */
  route(node: ScriptedNode, message: Message): void {
    if (message.to === APPEND_THREAD || message.to === APPLY_THREAD) {
      assert(node.isAsync, "only asynchronous nodes have storage work");
      (message.to === APPEND_THREAD ? node.appendWork : node.applyWork).push(message);
    } else {
      this.queue.push(message);
    }
  }
}

function isLocal({ from, to }: Message): boolean {
  return from === to || [from, to].some((id) => id === APPEND_THREAD || id === APPLY_THREAD);
}

function describeStepError(error: StepError): string {
  switch (error) {
    case "peer-not-found":
      return "raft: cannot step as peer not found";
    case "local-message":
      return "raft: cannot step raft local message";
    case "proposal-dropped":
      return "raft proposal dropped";
    // Where etcd panics, or takes messages that no replica sends: no script of its has these.
    case "forwarding-off":
    case "malformed":
    case "out-of-reach":
    case "peer-ahead":
    case "committed-entries-lost":
    case "acknowledged-entries-lost":
      return `fleet: ${error}`;
  }
}
