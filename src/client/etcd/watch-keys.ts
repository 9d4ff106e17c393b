// A watch of keys that outlives its streams. After a broken connection, a lost leader or a stopped node, it continues
// at another endpoint, behind the last revision it has seen. It ends when it is aborted, and with a compaction.

import { backoffMs } from "../../core/base/backoff.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock, type WaitClock } from "../../core/base/wait-clock.ts";
import { leaderRequired } from "../../core/wire/etcd/etcd-channel.ts";
import { WatchCreateRequest, type WatchResponse } from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import type { Event } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { type RpcFailure, readRpcError } from "../../core/wire/rpc-error.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { answeredError, noAnswer, verdictOf } from "./etcd-errors.ts";
import type { EtcdNode } from "./etcd-node.ts";
import type { KeyRange } from "./key-range.ts";
import { WatchPosition } from "./watch-position.ts";

const BACKOFF = { initialMs: 50, maxMs: 1_000 };

export interface KeyWatch extends KeyRange {
  /** The first revision to show; null: what changes from now on. */
  readonly fromRevision: number | null;
  readonly prevKv: boolean;
  readonly signal: AbortSignal;
  /** How long the first stream may take to begin; absent: as long as it takes. */
  readonly firstAnswerMs?: number;
  /** A stream ended; the watch continues elsewhere. `failure`: null when no endpoint could be reached. */
  readonly onTrouble?: (address: string | null, failure: RpcFailure | null) => void;
}

export type Watched =
  /** It watches from behind `revision` on; again after each reconnect. */
  | { readonly kind: "began"; readonly revision: number }
  | { readonly kind: "events"; readonly revision: number; readonly events: readonly Event[] };

/** Throws REVISION_COMPACTED, UNAVAILABLE if it never began in time, and the server's refusals. */
export async function* watchKeys(
  client: EtcdClient,
  watch: KeyWatch,
  clock: WaitClock = systemWaitClock,
): AsyncGenerator<Watched, void> {
  const position = new WatchPosition(watch.fromRevision);
  const limitMs = clock.now() + (watch.firstAnswerMs ?? Number.POSITIVE_INFINITY);
  let hasBegun = false;
  for (let failures = 0; !watch.signal.aborted; failures += 1) {
    const node = await client.connectedNode(watch.signal);
    let failure: RpcFailure | null = null;
    try {
      for await (const response of node === null ? [] : responses(node, watch, position)) {
        failures = 0;
        hasBegun = true;
        yield* shown(response, position);
      }
    } catch (error) {
      if (error instanceof OperatorError) throw error;
      failure = readRpcError(error);
      if (verdictOf(failure, "read") === "final") throw answeredError(failure, node?.address ?? "", error);
    }
    if (watch.signal.aborted) return;
    if (!hasBegun && clock.now() > limitMs) throw neverBegan(client);
    watch.onTrouble?.(node?.address ?? null, failure);
    client.leave(node);
    await clock.sleep(backoffMs(failures, BACKOFF, Math.random()), watch.signal);
  }
}

function* shown(response: WatchResponse, position: WatchPosition): Generator<Watched> {
  if (response.compactRevision > 0) throw compacted(response.compactRevision, position);
  if (response.canceled) throw refused(response.cancelReason);
  const events = position.take(response);
  const revision = position.seenRevision ?? 0;
  if (response.created) yield { kind: "began", revision };
  if (events.length > 0) yield { kind: "events", revision, events };
}

async function* responses(
  node: EtcdNode,
  { key, rangeEnd, prevKv, signal }: KeyWatch,
  position: WatchPosition,
): AsyncGenerator<WatchResponse, void> {
  const stream = node.watch.watch(leaderRequired());
  const abort = () => stream.cancel();
  signal.addEventListener("abort", abort, { once: true });
  try {
    const startRevision = position.startRevision;
    const request = { key, rangeEnd, prevKv, startRevision, progressNotify: true };
    const value = WatchCreateRequest.fromPartial(request);
    stream.write({ requestUnion: { $case: "createRequest", value } });
    for await (const response of stream) yield response;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    // A cancelled stream emits its own end as an error.
    stream.on("error", () => undefined);
    stream.cancel();
  }
}

function compacted(revision: number, position: WatchPosition): OperatorError {
  return new OperatorError("REVISION_COMPACTED", {
    what: `changes before revision ${revision} were compacted, and some of them were not shown`,
    why: `the watch had to continue at revision ${position.startRevision}`,
    next: `read the keys again (fleet kv get), then watch from --rev ${revision} on`,
    current: String(revision),
    exit: Exit.Precondition,
  });
}

function refused(reason: string): OperatorError {
  return new OperatorError("WATCH_REFUSED", {
    what: "the server ended the watch",
    ...(reason === "" ? {} : { why: reason }),
    next: "check what your certificate may read, and start the watch again",
    exit: Exit.Failure,
  });
}

function neverBegan(client: EtcdClient): OperatorError {
  return noAnswer(null, "read", false, client.nodes.map(({ address }) => address).join(", "));
}
