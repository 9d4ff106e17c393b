// One node's own status, and how long a call takes there, within one limit of time. What must stay true: a node that has
// answered in time is never reported as silent because a second answer came too late.

import { status as code } from "@grpc/grpc-js";
import type { NodeStatus } from "../core/wire/gen/fleet/v1/coordinator.ts";
import { readRpcError } from "../core/wire/rpc-error.ts";
import { failureWords, silenceWords } from "./failure-words.ts";
import type { Answer } from "./fleet-status.ts";

interface StatusCalls {
  /** The first call on a connection includes its setup, which would make every node look slow. Null: it is open. */
  readonly first: (() => Promise<NodeStatus>) | null;
  /** The call that is timed. Both have the same end. */
  readonly timed: () => Promise<NodeStatus>;
}

/** An answer, and the error when there was none. */
export interface Asked {
  readonly answer: Answer;
  readonly cause: unknown;
}

/** `limitMs`: the time for both calls. A failure is an answer too: this never throws. */
export async function askNode(
  node: Pick<Answer, "name" | "address">,
  calls: StatusCalls,
  limitMs: number,
): Promise<Asked> {
  try {
    const { status, roundTripMs } = await timedStatus(calls);
    const answer = { name: status.nodeName, address: node.address, roundTripMs, error: null, status };
    return { answer: { ...answer, observedAtMs: Date.now() }, cause: null };
  } catch (cause) {
    const failure = readRpcError(cause);
    // The call that ran out may have begun late in the time that the node had.
    const isSilent = failure.code === code.DEADLINE_EXCEEDED && failure.reason === null;
    const error = isSilent ? silenceWords(limitMs) : failureWords(failure);
    return { answer: { ...node, roundTripMs: null, error, status: null, observedAtMs: Date.now() }, cause };
  }
}

async function timedStatus({
  first,
  timed,
}: StatusCalls): Promise<Pick<Asked["answer"], "roundTripMs"> & { readonly status: NodeStatus }> {
  const answered = first === null ? null : await first();
  const startedMs = performance.now();
  try {
    const status = await timed();
    return { status, roundTripMs: Math.round(performance.now() - startedMs) };
  } catch (error) {
    if (answered === null || readRpcError(error).code !== code.DEADLINE_EXCEEDED) throw error;
    return { status: answered, roundTripMs: null };
  }
}
