// Changes of the tables as they are made, from any replica that answers. When a stream breaks or falls
// silent, the watch continues at the next endpoint after the last received revision. What must stay true: no
// change is lost or repeated, and changes come in log order. When a replica no longer knows the changes after
// the revision, the watch reports a reset, and never skips them.

import { setTimeout as sleepFor } from "node:timers/promises";
import { type ClientReadableStream, status } from "@grpc/grpc-js";
import { assert } from "../core/base/assert.ts";
import { backoffMs } from "../core/base/backoff.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import type { TableChange, WatchRequest, WatchResponse } from "../core/wire/gen/fleet/v1/coordinator.ts";
import { WatchReset, type WatchTable } from "../core/wire/gen/fleet/v1/views.ts";
import { type RpcFailure, readRpcError, rpcError } from "../core/wire/rpc-error.ts";
import { failureWords, isTlsFailure } from "./failure-words.ts";
import { toOperatorError } from "./operator-errors.ts";

// A replica sends its position every five seconds, even without changes.
const SILENCE_MS = 15_000;
const PAUSE = { initialMs: 50, maxMs: 5_000 };
const FINAL: readonly status[] = [
  status.UNAUTHENTICATED,
  status.PERMISSION_DENIED,
  status.INVALID_ARGUMENT,
  status.UNIMPLEMENTED,
];

export type WatchEvent =
  /** All changes through `revision` have been reported; the list may be empty. */
  | {
      readonly kind: "changes";
      readonly revision: number;
      readonly changes: readonly TableChange[];
      readonly incarnation?: string | undefined;
    }
  /**
   * Changes are missing. List again, at least at index `revision`. Later changes that the lists contain
   * already may be reported again; their index shows it.
   */
  | {
      readonly kind: "reset";
      readonly revision: number;
      readonly reason: ResetReason;
      readonly incarnation?: string | undefined;
    };

/**
 * Forgotten: the changes after the revision are gone. Unreached: this fleet never reached the revision. Incarnation:
 * the revision belongs to another fleet, or to this one before it was recovered or restored.
 */
export type ResetReason = "forgotten" | "unreached" | "incarnation";

export interface WatchOptions {
  /** Empty = all except client sessions. */
  readonly tables: readonly WatchTable[];
  /** The last known revision; default: the present committed one. */
  readonly afterRevision?: number;
  /**
   * The revision's incarnation. Without it, the watch of a recovered or restored fleet starts with a reset.
   */
  readonly incarnation?: string;
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** A stream broke, or could not be opened; the watch continues elsewhere. */
  readonly onTrouble?: (address: string, failure: RpcFailure) => void;
  /**
   * Throws if no replica has answered within this time. After the first answer the watch retries without a
   * limit.
   */
  readonly firstAnswerMs?: number;
}

export interface WatchSource {
  /** host:port of each replica. */
  readonly addresses: readonly string[];
  readonly open: (
    address: string,
    request: WatchRequest,
  ) => Pick<ClientReadableStream<WatchResponse>, "cancel"> & AsyncIterable<WatchResponse>;
}

/** Time and randomness, a parameter for tests. */
interface WatchWorld {
  /** Of a monotonic clock. */
  now(): number;
  sleep(ms: number, signal: AbortSignal | undefined): Promise<unknown>;
  /** In [0, 1). */
  random(): number;
}

const realWorld: WatchWorld = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    sleepFor(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined),
  random: Math.random,
};

/** Ends when the signal is aborted; throws the OperatorError of a refusal that every replica would give. */
export async function* watchTables(
  { addresses, open }: WatchSource,
  options: WatchOptions,
  world: WatchWorld = realWorld,
): AsyncGenerator<WatchEvent> {
  assert(addresses.length > 0, "a fleet is watched through at least one endpoint");
  const { signal, onTrouble, firstAnswerMs = Number.POSITIVE_INFINITY } = options;
  // Until a replica has answered.
  let firstEndMs: number | null = world.now() + firstAnswerMs;
  let revision = options.afterRevision;
  let incarnation = options.incarnation;
  let pauses = 0;
  let refused = 0;
  for (let turn = 0; !isAborted(signal); turn += 1) {
    const address = addresses[turn % addresses.length] ?? "";
    const request: WatchRequest = { tables: [...options.tables], afterRevision: revision, incarnation };
    try {
      const silenceMs =
        firstEndMs === null ? SILENCE_MS : Math.min(SILENCE_MS, Math.max(1, firstEndMs - world.now()));
      for await (const response of heard(open(address, request), signal, silenceMs)) {
        firstEndMs = null;
        pauses = 0;
        refused = Number.NEGATIVE_INFINITY;
        const event = eventOf(response, { revision, incarnation });
        ({ revision, incarnation } = event);
        yield event;
      }
    } catch (error) {
      if (isAborted(signal)) return;
      const failure = readRpcError(error);
      // One replica's bad certificate is its own problem. If no replica ever accepted ours, the problem is
      // ours.
      if (isTlsFailure(failure)) refused += 1;
      if (isFinal(failure) || refused === addresses.length) throw toOperatorError(error, "read", address);
      if (firstEndMs !== null && world.now() >= firstEndMs) throw unanswered(addresses, failure);
      onTrouble?.(address, failure);
    }
    if ((turn + 1) % addresses.length !== 0 && pauses === 0) continue;
    const restMs = firstEndMs === null ? Number.POSITIVE_INFINITY : Math.max(0, firstEndMs - world.now());
    await world.sleep(Math.min(backoffMs(pauses, PAUSE, world.random()), restMs), signal);
    pauses += 1;
  }
}

interface Known {
  readonly revision: number | undefined;
  readonly incarnation: string | undefined;
}

function eventOf(response: WatchResponse, known: Known): WatchEvent {
  const { revision, changes, reset, resetReason } = response;
  const incarnation = response.incarnation || known.incarnation;
  if (reset) return { kind: "reset", revision, reason: reasonOf(resetReason), incarnation };
  if (known.incarnation !== undefined && incarnation !== known.incarnation) {
    const message = `the node continues in incarnation ${incarnation} from a revision of ${known.incarnation}`;
    throw rpcError(status.DATA_LOSS, "WATCH_INCARNATION_CHANGED", message);
  }
  const after = known.revision ?? 0;
  // A replica that is behind the known revision sends nothing until it has reached it.
  if (revision >= after && changes.every(({ index }) => index > after && index <= revision)) {
    return { kind: "changes", revision, changes, incarnation };
  }
  throw rpcError(status.DATA_LOSS, "WATCH_WENT_BACK", `the node repeated changes from before ${after}`);
}

function reasonOf(reason: WatchReset): ResetReason {
  if (reason === WatchReset.INCARNATION) return "incarnation";
  return reason === WatchReset.UNREACHED ? "unreached" : "forgotten";
}

/** The stream's messages. A silent stream is cancelled after a while, because its replica may hang. */
async function* heard(
  call: ReturnType<WatchSource["open"]>,
  signal: AbortSignal | undefined,
  firstMs: number,
): AsyncGenerator<WatchResponse> {
  const cancel = () => call.cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  const messages = call[Symbol.asyncIterator]();
  let silenceMs = firstMs;
  try {
    for (;;) {
      // Only while a message is awaited: time that the consumer needs does not count as silence.
      const watchdog = setTimeout(cancel, silenceMs);
      const next = await messages.next().finally(() => clearTimeout(watchdog));
      if (next.done === true) return;
      silenceMs = SILENCE_MS;
      yield next.value;
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

function unanswered(addresses: readonly string[], failure: RpcFailure): OperatorError {
  return new OperatorError("UNAVAILABLE", {
    what: "no node answered in time, so there is nothing to watch",
    why: failureWords(failure),
    next: "see which nodes are up: fleet status",
    endpoint: addresses.join(", "),
    exit: Exit.NoQuorum,
  });
}

function isFinal(failure: RpcFailure): boolean {
  return FINAL.includes(failure.code);
}

const isAborted = (signal: AbortSignal | undefined): boolean => signal?.aborted === true;
