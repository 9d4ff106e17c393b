// The result of an operation before it gets its index. A refusal is a value with a stable reason. No words:
// the state stores reasons and facts, and sentences are made when they are read (render-refusal.ts). So a
// build with better words has the same state (ADR-0015). Under cluster version 1 that version's words are
// added (format-1/).

import type { LogIndex } from "../base/ids.ts";
import type { Outcome, RowRefusal } from "../wire/gen/fleet/v1/command.ts";

export type Result = NonNullable<Outcome["result"]>;

/** Facts of a result, by stable names. Part of the format: another name or value needs the next version. */
export type Facts = Readonly<Record<string, string | number>>;

/**
 * What an operation may know besides its own fields. All of it is in the log entry, except for the size of
 * slices.
 */
export interface ApplyContext {
  readonly index: LogIndex;
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
  /** An operation on many rows yields after this many. */
  readonly rowsPerSlice: number;
}

/**
 * The state is now as wanted. `version` is the changed row's, `effects` what was dropped or changed with it.
 */
export function changed(version: number, effects: Facts = {}): Result {
  return { $case: "applied", value: { changed: true, version, summary: "", metadata: metadataOf(effects) } };
}

/** The state was already as wanted. */
export function unchanged(version: number): Result {
  return { $case: "applied", value: { changed: false, version, summary: "", metadata: {} } };
}

/** Nothing changes. `reason` is upper case and stable, and has its sentence in render-refusal.ts. */
export function rejected(reason: string, facts: Facts = {}, rows: readonly RowRefusal[] = []): Result {
  const metadata = metadataOf(facts);
  return { $case: "rejected", value: { reason, message: "", metadata, rows: [...rows] } };
}

/** Protobuf maps are encoded in insertion order. Sorted keys give equal facts equal bytes on all replicas. */
export function metadataOf(facts: Facts): Record<string, string> {
  // The default order of texts is that of their UTF-16 units, as of `<`. Most facts are in it already.
  const keys = Object.keys(facts);
  if (!isAscending(keys)) keys.sort();
  const metadata: Record<string, string> = {};
  for (const key of keys) {
    // An audit file may name anything, and an assignment would drop this one.
    if (key === "__proto__") return Object.fromEntries(keys.map((each) => [each, String(facts[each])]));
    metadata[key] = String(facts[key]);
  }
  return metadata;
}

function isAscending(keys: readonly string[]): boolean {
  for (let at = 1; at < keys.length; at += 1) if ((keys[at - 1] ?? "") > (keys[at] ?? "")) return false;
  return true;
}
