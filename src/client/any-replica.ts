// A read that any replica may answer. All are asked at once, so that a replica that is down or hangs costs no
// time. What must stay true: the leader's answer is used when it comes soon, because only the leader knows
// shards' reports. Of the others' answers the one with the highest index is used.

import { Exit, OperatorError } from "../core/base/errors.ts";
import type { ReadStamp } from "../core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../core/wire/rpc-error.ts";
import { failureWords, isTlsFailure } from "./failure-words.ts";
import { toOperatorError } from "./operator-errors.ts";

// Wait after the first answer: enough for the others of a healthy fleet, and not noticeable otherwise.
const GRACE_MS = 250;

interface Addressed {
  readonly address: string;
}

export interface Answered<Node, Response> {
  readonly node: Node;
  readonly response: Response;
}

/**
 * When no replica answers, throws the OperatorError of the most informative refusal. `ask` is aborted once it
 * is too late.
 */
export async function askAny<
  Node extends Addressed,
  Response extends { readonly stamp: ReadStamp | undefined },
>(
  nodes: readonly Node[],
  ask: (node: Node, signal: AbortSignal) => Promise<Response>,
): Promise<Answered<Node, Response>> {
  const over = new AbortController();
  const answers: Answered<Node, Response>[] = [];
  const failures: Failed[] = [];
  let graceIsOver = () => {};
  const grace = new Promise<void>((resolve) => {
    graceIsOver = resolve;
  });
  let timer: NodeJS.Timeout | undefined;
  const asked = nodes.map(async (node) => {
    try {
      const response = await ask(node, over.signal);
      answers.push({ node, response });
      if (response.stamp?.leads === true) graceIsOver();
      timer ??= setTimeout(graceIsOver, GRACE_MS);
    } catch (error) {
      failures.push({ address: node.address, error });
    }
  });
  await Promise.race([Promise.all(asked), grace]);
  clearTimeout(timer);
  over.abort();
  const best = answers.reduce<Answered<Node, Response> | undefined>(better, undefined);
  if (best === undefined) throw nobodyAnswered(failures);
  return best;
}

function better<Node, Response extends { readonly stamp: ReadStamp | undefined }>(
  best: Answered<Node, Response> | undefined,
  other: Answered<Node, Response>,
): Answered<Node, Response> {
  const [a, b] = [best?.response.stamp, other.response.stamp];
  if (best === undefined || b?.leads === true) return other;
  return a?.leads === true || (a?.index ?? 0) >= (b?.index ?? 0) ? best : other;
}

interface Failed extends Addressed {
  readonly error: unknown;
}

// A refusal says more than a node that is down. A rejected certificate counts only if there is nothing else.
function nobodyAnswered(failures: readonly Failed[]): OperatorError {
  const told = failures.find(
    ({ error }) => error instanceof OperatorError || readRpcError(error).reason !== null,
  );
  const isRefused = failures.every(({ error }) => isTlsFailure(readRpcError(error)));
  const [first] = failures;
  const chosen = told ?? first;
  if (told !== undefined || isRefused) return toOperatorError(chosen?.error, "read", chosen?.address);
  return new OperatorError("UNAVAILABLE", {
    what: "no node answered in time",
    why: failureWords(readRpcError(first?.error)),
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
    cause: first?.error,
  });
}
