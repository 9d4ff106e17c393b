// Performs the effects of the outbox while this host leads, in order, and records each completion once.

import { backoffMs } from "../../core/base/backoff.ts";
import type { PendingEffect } from "./applied-log.ts";
import type { Effect, Json } from "./coordinator.ts";
import { effectUnknown, resultUnusable } from "./errors.ts";
import type { Reign } from "./lead.ts";
import { VALUE_BYTES_MAX } from "./limits.ts";
import { encodeFields } from "./log-keys.ts";
import { Retries } from "./retries.ts";
import { CALL_MS, type Setting } from "./setting.ts";
import { fenced, never, put, transaction } from "./transactions.ts";
import { waitFor } from "./wait-for.ts";

const BACKOFF = { initialMs: 100, maxMs: 10_000 };

export interface Performing extends Setting {
  readonly name: string;
  readonly effects: Readonly<Record<string, Effect>>;
  readonly onEffectError: (error: unknown, key: string) => void;
}

/** Resolves when the reign has ended, and the effect that ran then has returned. */
export async function performEffects(performing: Performing, reign: Reign): Promise<void> {
  const { log, signal: closes } = performing;
  const signal = AbortSignal.any([closes, reign.signal]);
  const setting = { ...performing, signal, limitMs: Number.POSITIVE_INFINITY };
  const begun = new Set<string>();
  while (!signal.aborted) {
    try {
      await waitFor(log, () => log.nextEffect !== null, setting);
      const next = log.nextEffect;
      if (next !== null) await performOne({ ...performing, signal }, next, { ...reign, begun });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
  }
}

/** A reign, and the keys of the effects that this host has begun in it and that may be without a completion. */
interface PerformingReign extends Reign {
  readonly begun: Set<string>;
}

async function performOne(
  performing: Performing,
  effect: PendingEffect,
  reign: PerformingReign,
): Promise<void> {
  const { clock, signal } = performing;
  for (let attempts = 0; !signal.aborted; attempts += 1) {
    const done = await attempt(performing, effect, reign).catch((error: unknown) => {
      performing.onEffectError(error, keyOf(performing, effect));
      return null;
    });
    if (done !== null) {
      await record(performing, effect, reign, done);
      // Its completion is in the log, or the reign has ended.
      reign.begun.delete(keyOf(performing, effect));
      return;
    }
    await clock.sleep(backoffMs(attempts, BACKOFF, Math.random()), signal);
  }
}

async function attempt(
  performing: Performing,
  pending: PendingEffect,
  { term, begun }: PerformingReign,
): Promise<Uint8Array> {
  const { effects, signal, log } = performing;
  const { index, name, payload } = pending;
  const effect = effects[name];
  if (effect === undefined) throw effectUnknown(name);
  // Above the term no other host can have begun it (ADR-0053, invariant 5).
  const key = keyOf(performing, pending);
  const mayHaveRun = begun.has(key) || index < term;
  begun.add(key);
  const result = await effect.perform(payload, { key, log: log.id, index, term, mayHaveRun, signal });
  return encode(result ?? null);
}

const keyOf = ({ name, log }: Performing, { index, number }: PendingEffect): string =>
  `${name}/${log.id}/${index}.${number}`;

/** Until it is in this host's log, or the host is deposed. */
async function record(
  performing: Performing,
  effect: PendingEffect,
  { term }: Reign,
  completion: Uint8Array,
): Promise<void> {
  const { store, keys, log, clock, signal } = performing;
  const retries = new Retries(performing);
  const key = keys.completion(effect.index, effect.number);
  const request = transaction([fenced({ leader: keys.leader, term }), never(key)], [put(key, completion)]);
  while (!signal.aborted && log.isPending(effect)) {
    try {
      await store.txn(request, CALL_MS);
      // If it was refused, this host's log will show a completion or another leader.
      await waitFor(log, () => !log.isPending(effect), { limitMs: CALL_MS, clock, signal });
    } catch (error) {
      if (signal.aborted) return;
      await retries.after(error);
    }
  }
}

/** Throws what JSON throws of a cycle or a BigInt, and RESULT_UNUSABLE. */
function encode(result: Json): Uint8Array {
  if (JSON.stringify(result) === undefined) throw resultUnusable("it is a function or a symbol");
  const value = encodeFields({ result });
  if (value.length > VALUE_BYTES_MAX) throw resultUnusable(`it has ${value.length} bytes as JSON`);
  return value;
}
