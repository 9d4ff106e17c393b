// Writes an operation once, and waits until this host has applied it (ADR-0053, invariant 2).

import { present } from "../../core/base/assert.ts";
import type { Json, Submitted } from "./coordinator.ts";
import { closed, isCode, outcomeUnknown, payloadUnusable, resultUnknown, waitedTooLong } from "./errors.ts";
import { VALUE_BYTES_MAX } from "./limits.ts";
import { encodeFields } from "./log-keys.ts";
import { CALL_MS, RETRY_MS, type Setting } from "./setting.ts";
import { answersIn, get, lastChangedAt, never, put, revisionOf, transaction } from "./transactions.ts";
import { waitFor } from "./wait-for.ts";

export interface Operation {
  /** Of no other operation of any host. */
  readonly id: string;
  readonly operation: string;
  readonly payload: Json;
}

export async function submit(
  setting: Setting,
  { id, ...written }: Operation,
  limitMs: number,
): Promise<Submitted> {
  const { log, clock } = setting;
  const value = encode(written);
  const endMs = clock.now() + limitMs;
  log.expect(id);
  try {
    const index = await place(setting, id, value, endMs);
    const isApplied = () => log.outcome(id) !== null || log.revision >= index;
    // It is written: this host can end, but that says nothing about the operation.
    const waiting = { ...setting, limitMs: endMs - clock.now() };
    const isThere = await waitFor(log, isApplied, waiting).catch((error: unknown) => {
      if (log.outcome(id) === null) throw outcomeUnknown(error);
      return true;
    });
    if (!isThere) {
      throw outcomeUnknown(waitedTooLong(`this host has not applied index ${index} in time`));
    }
    const applied = log.outcome(id);
    if (applied === null) throw resultUnknown(index);
    if ("refusal" in applied) throw applied.refusal;
    return { index: applied.index, result: applied.result };
  } finally {
    log.forget(id);
  }
}

/** Resolves to the entry's index. */
async function place(setting: Setting, id: string, value: Uint8Array, endMs: number): Promise<number> {
  const { store, keys, log, clock, signal } = setting;
  const key = keys.operation(id);
  const { rebuilds } = log;
  let head = log.headRevision;
  let lost: unknown = null;
  for (;;) {
    const request = transaction(
      [never(key), lastChangedAt(keys.head, head)],
      [put(key, value)],
      [get(key), get(keys.head)],
    );
    try {
      // The transaction is safe to repeat, so one endpoint that does not answer must not get all the time.
      const limitMs = Math.min(CALL_MS, Math.max(1, endMs - clock.now()));
      const response = await store.txn(request, limitMs);
      if (response.succeeded) return revisionOf(response);
      const [[own] = [], [newHead] = []] = answersIn(response);
      if (own !== undefined) return own.createRevision;
      // The log was shortened. From here on no earlier attempt can succeed: did one of them, before?
      head = newHead?.modRevision ?? 0;
      if (lost !== null) {
        const isThere = () => log.revision >= head;
        if (!(await waitFor(log, isThere, { ...setting, limitMs: endMs - clock.now() })))
          throw outcomeUnknown(lost);
        const applied = log.outcome(id);
        if (applied !== null) return applied.index;
        if (log.rebuilds !== rebuilds) throw outcomeUnknown(lost);
        lost = null;
      }
    } catch (error) {
      if (!isCode(error, "OUTCOME_UNKNOWN", "UNAVAILABLE"))
        throw lost === null ? error : outcomeUnknown(lost);
      if (isCode(error, "OUTCOME_UNKNOWN")) lost = error;
      const applied = log.outcome(id);
      if (applied !== null) return applied.index;
      if (clock.now() + RETRY_MS >= endMs) throw lost === null ? error : outcomeUnknown(lost);
      await clock.sleep(RETRY_MS, signal);
      if (signal.aborted) throw lost === null ? closed() : outcomeUnknown(lost);
    }
  }
}

function encode(written: Omit<Operation, "id">): Uint8Array {
  // What JSON leaves out is no data: an applier would get another payload than it was given.
  const text = attempt(() => JSON.stringify(written.payload));
  if (text === undefined) throw payloadUnusable("it is undefined, a function or a symbol");
  const value = encodeFields(written);
  if (value.length > VALUE_BYTES_MAX) throw payloadUnusable(`it has ${value.length} bytes as JSON`);
  return value;
}

function attempt(write: () => string | undefined): string | undefined {
  try {
    return write();
  } catch (error) {
    throw payloadUnusable(
      present(error instanceof Error ? error.message : String(error), "an error has words"),
    );
  }
}
