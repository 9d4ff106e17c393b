// Copies keys from one store to another, as they were at one revision of the source. What must stay true: a key with
// another value at the target is not changed unless `overwrite` is set. A copy that was stopped can be run again: it
// skips the keys that the target has already. Keys with a lease are not copied: the target does not have their lease.

import { createHash, type Hash } from "node:crypto";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import type { KeyValue } from "../../core/wire/gen/etcd/mvccpb/kv.ts";
import { batches, type GuardedPut, nameOf, planPage } from "./copy-plan.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { areKeysOf, type KeyRange, keyAfter, oneKey } from "./key-range.ts";
import { range, txn } from "./store-calls.ts";

const PAGE_KEYS = 100;
const ATTEMPTS_MAX = 5;
const CONFLICTS_SHOWN = 3;

export interface CopyWanted {
  readonly keys: KeyRange;
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly onProgress: (phase: "copying" | "verifying", done: number, total: number) => void;
}

export interface CopyCounts {
  /** Revision of the source that was copied. */
  readonly revision: number;
  readonly copied: number;
  readonly same: number;
  readonly leased: number;
  /** Keys in the range that only the target has. */
  readonly extra: number;
  /** SHA-256 of the keys and values, equal at both; null in a dry run. */
  readonly hash: string | null;
}

/** Throws KEYS_DIFFER, COPY_DIFFERS, COPY_CONTENDED, SOURCE_UNUSABLE and the stores' failures. */
export async function copyKeys(
  source: EtcdClient,
  target: EtcdClient,
  wanted: CopyWanted,
): Promise<CopyCounts> {
  const { header, count: total } = await range(source, { ...wanted.keys, countOnly: true });
  const revision = header?.revision ?? 0;
  const counts = { copied: 0, same: 0, leased: 0 };
  let done = 0;
  for await (const { kvs, leased } of pages(source, wanted.keys, revision)) {
    wanted.signal.throwIfAborted();
    const page = await copyPage(target, kvs, wanted);
    counts.copied += page.copied;
    counts.same += page.same;
    counts.leased += leased;
    done += kvs.length + leased;
    wanted.onProgress("copying", done, total);
  }
  if (wanted.dryRun) return { ...counts, revision, extra: 0, hash: null };
  return { ...counts, revision, ...(await verify(source, target, wanted, revision, total)) };
}

interface Page {
  /** Without those that have a lease. */
  readonly kvs: readonly KeyValue[];
  readonly leased: number;
}

/**
 * A page of large values may exceed what one message holds: then it is asked for in smaller ones. The source is not
 * trusted. A key that was not requested would be written to the target. A source that repeats a key would never end.
 */
async function* pages(source: EtcdClient, keys: KeyRange, revision: number): AsyncGenerator<Page> {
  let limit = PAGE_KEYS;
  for (let key = keys.key; ; ) {
    const request = { key, rangeEnd: keys.rangeEnd, revision, limit };
    const response = await range(source, request).catch((error: unknown) => {
      if (limit === 1 || !(error instanceof OperatorError) || error.code !== "RESOURCE_EXHAUSTED")
        throw error;
      return null;
    });
    if (response === null) {
      limit = Math.ceil(limit / 4);
      continue;
    }
    if (
      !areKeysOf(
        { ...keys, key },
        response.kvs.map((kv) => kv.key),
      )
    )
      throw otherKeys();
    const kvs = response.kvs.filter(({ lease }) => lease === "0");
    yield { kvs, leased: response.kvs.length - kvs.length };
    const last = response.kvs.at(-1);
    if (!response.more || last === undefined) return;
    key = keyAfter(last.key);
  }
}

async function copyPage(
  target: EtcdClient,
  kvs: readonly KeyValue[],
  { overwrite, dryRun }: CopyWanted,
): Promise<{ copied: number; same: number }> {
  let copied = 0;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const plan = planPage(kvs, await valuesOf(target, kvs), overwrite);
    if (plan.conflicts.length > 0) throw differ(plan.conflicts);
    if (dryRun) return { copied: plan.puts.length, same: plan.same };
    const written = await writeAll(target, plan.puts);
    copied += written;
    if (written === plan.puts.length) return { copied, same: kvs.length - copied };
  }
  throw new OperatorError("COPY_CONTENDED", {
    what: "the target's keys change faster than they can be copied",
    why: "another program writes the same keys",
    next: "stop the writers of the target, and run the same command again: it continues",
    exit: Exit.Precondition,
  });
}

/** How many were put. It stops where the target's keys are not as they were read, or an answer was lost. */
async function writeAll(target: EtcdClient, puts: readonly GuardedPut[]): Promise<number> {
  let written = 0;
  for (const batch of batches(puts)) {
    const request = {
      compare: batch.map(({ key, modRevision }) => {
        return { key, target: 2, targetUnion: { $case: "modRevision", value: modRevision } } as const;
      }),
      success: batch.map(({ key, value }) => {
        return { request: { $case: "requestPut", value: { key, value } } } as const;
      }),
    };
    const isWritten = await txn(target, request, "write").then(
      ({ succeeded }) => succeeded,
      (error: unknown) => {
        if (error instanceof OperatorError && error.code === "OUTCOME_UNKNOWN") return false;
        throw error;
      },
    );
    if (!isWritten) return written;
    written += batch.length;
  }
  return written;
}

/** The target's keys among `kvs`, by name, linearizably and at one revision for each batch. */
async function valuesOf(
  target: EtcdClient,
  kvs: readonly KeyValue[],
  revision = 0,
): Promise<ReadonlyMap<string, KeyValue>> {
  const found = new Map<string, KeyValue>();
  const guarded = kvs.map(({ key, value }) => ({ key, value, modRevision: 0 }));
  // Answers are as large as the source's values, if they are the same.
  for (const batch of batches(guarded)) {
    const success = batch.map(({ key }) => {
      return { request: { $case: "requestRange", value: { ...oneKey(key), revision } } } as const;
    });
    const { responses } = await txn(target, { success }, "read");
    for (const { response } of responses) {
      const [kv] = response?.$case === "responseRange" ? response.value.kvs : [];
      if (kv !== undefined) found.set(nameOf(kv.key), kv);
    }
  }
  return found;
}

/** Reads both again and compares hashes, so that what is reported is what is there. */
async function verify(
  source: EtcdClient,
  target: EtcdClient,
  { keys, signal, onProgress }: CopyWanted,
  revision: number,
  total: number,
): Promise<{ extra: number; hash: string }> {
  const [ours, theirs] = [createHash("sha256"), createHash("sha256")];
  const there = await range(target, { ...keys, countOnly: true });
  const at = there.header?.revision ?? 0;
  let inBoth = 0;
  let done = 0;
  for await (const { kvs, leased } of pages(source, keys, revision)) {
    signal.throwIfAborted();
    const copies = await valuesOf(target, kvs, at);
    for (const kv of kvs) {
      addTo(ours, kv);
      const copy = copies.get(nameOf(kv.key));
      if (copy !== undefined) addTo(theirs, copy);
    }
    inBoth += copies.size;
    done += kvs.length + leased;
    onProgress("verifying", done, total);
  }
  const hash = ours.digest("hex");
  if (theirs.digest("hex") !== hash) throw changed();
  return { extra: there.count - inBoth, hash };
}

function addTo(hash: Hash, { key, value }: KeyValue): void {
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(key.length, 0);
  lengths.writeUInt32BE(value.length, 4);
  hash.update(lengths).update(key).update(value);
}

function differ(conflicts: readonly Uint8Array[]): OperatorError {
  const shown = conflicts
    .slice(0, CONFLICTS_SHOWN)
    .map((key) => printable(Buffer.from(key).toString("utf8")));
  return new OperatorError("KEYS_DIFFER", {
    what: `the target has other values under ${shown.join(", ")}${conflicts.length > shown.length ? ", …" : ""}`,
    why: "a copy replaces a value only with --overwrite",
    next: "compare them, then run it again with --overwrite; what was copied so far stays",
    exit: Exit.Precondition,
  });
}

function changed(): OperatorError {
  return new OperatorError("COPY_DIFFERS", {
    what: "after the copy the target's keys are not those of the source",
    why: "another program has changed them meanwhile",
    next: "stop the writers of the target, and run the same command again: it continues",
    exit: Exit.Failure,
  });
}

function otherKeys(): OperatorError {
  return new OperatorError("SOURCE_UNUSABLE", {
    what: "the source answers with keys that were not asked for, or not in their order",
    why: "the source is not a server of etcd's API, or is a faulty one; nothing of that answer was copied",
    next: "check the source's address; what was copied before stays",
    exit: Exit.Failure,
  });
}
