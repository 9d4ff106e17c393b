// Whose state a flip has made wrong, and what must come of it (ADR-0017). A replica is fenced only if its state was
// wrong. A fenced replica serves nothing. No other replica has the wrong state from it. Only replicas that were not
// flipped, or whose state has been right since, tell which state is right at an index. Checks never influence the run.

import type { NodeId } from "../../base/ids.ts";
import { check } from "../violation.ts";

interface Fence {
  readonly node: NodeId;
  readonly index: number;
  readonly digest: string;
  readonly expected: string;
  readonly cause: "majority" | "memory" | "operator";
}

export class Flips {
  readonly #wrong = new Set<NodeId>();
  readonly #fenced = new Set<NodeId>();
  /** Fences at an index at which no right state is known yet. */
  readonly #unjudged: Fence[] = [];

  /** A majority of the voters stays right, or no checker could say which state is. */
  mayFlip(node: NodeId, voters: readonly NodeId[]): boolean {
    const hit = voters.filter((voter) => voter === node || this.#wrong.has(voter) || this.#fenced.has(voter));
    return voters.includes(node) && 2 * hit.length < voters.length;
  }

  flipped(node: NodeId): void {
    this.#wrong.add(node);
  }

  isWrong(node: NodeId): boolean {
    return this.#wrong.has(node);
  }

  /** Wrong, and not noticed yet. */
  get unnoticed(): readonly NodeId[] {
    return [...this.#wrong].filter((node) => !this.#fenced.has(node));
  }

  /** Whether the node's state may be wrong: a restart, or the next write of the row, makes it right again. */
  doubts(node: NodeId, hash: string, right: string | undefined): boolean {
    if (hash === right) this.#wrong.delete(node);
    return this.#wrong.has(node);
  }

  /** The state that is right at the index. */
  learns(index: number, right: string): void {
    for (const fence of this.#unjudged) if (fence.index === index) judge(fence, right);
  }

  /** The node fences itself. */
  fences(fence: Fence, right: string | undefined): void {
    this.#fenced.add(fence.node);
    if (right === undefined) this.#unjudged.push(fence);
    else judge(fence, right);
  }

  /** Its process begins; what it remembers is what its disk says. */
  started(node: NodeId, isFenced: boolean): void {
    if (!isFenced) this.#fenced.delete(node);
  }

  isFenced(node: NodeId): boolean {
    return this.#fenced.has(node);
  }

  /** A read was answered by the node, which was fenced then, or was not. */
  answers(node: NodeId, isFenced: boolean): void {
    check(!isFenced, "fencing", () => `node ${node} is fenced, and answers from its state`);
  }
}

// What it expects of itself may be wrong already, if it was flipped before; what the majority has may not.
function judge({ node, index, digest, expected, cause }: Fence, right: string): void {
  const isJust = digest !== right && (cause === "memory" || expected === right);
  check(isJust, "fencing", () => {
    return `node ${node} is fenced for state ${digest} at index ${index}, where ${expected} was expected and ${right} is right`;
  });
}
