// What an operation comes to, before it gets its index. A refusal is a value with a stable reason. No words: the state
// keeps reasons and facts, and sentences are made when they are read (render-refusal.ts), so that a build which says it
// better has the same state (ADR-0015). Under cluster version 1 the words of then are added (format-1/).

import type { LogIndex } from "../base/ids.ts";
import type { Outcome, RowRefusal } from "../wire/gen/fleet/v1/command.ts";

export type Result = NonNullable<Outcome["result"]>;

/** What a result is about, by stable names. Part of the format: another name or value asks for the next version. */
export type Facts = Readonly<Record<string, string | number>>;

/** What an operation may know besides its own fields: all of it is in the log entry, but for how its work is cut. */
export interface ApplyContext {
  readonly index: LogIndex;
  readonly atMs: number;
  readonly actor: string;
  readonly reason: string;
  /** An operation on many rows rests after so many. */
  readonly rowsPerSlice: number;
}

/** The state became as asked for. `version` is that of the row touched, `effects` what went with it. */
export function changed(version: number, effects: Facts = {}): Result {
  return { $case: "applied", value: { changed: true, version, summary: "", metadata: metadataOf(effects) } };
}

/** The state already was as asked for. */
export function unchanged(version: number): Result {
  return { $case: "applied", value: { changed: false, version, summary: "", metadata: {} } };
}

/** Nothing changes. `reason` is upper case and stable, and has its sentence in render-refusal.ts. */
export function rejected(reason: string, facts: Facts = {}, rows: readonly RowRefusal[] = []): Result {
  const metadata = metadataOf(facts);
  return { $case: "rejected", value: { reason, message: "", metadata, rows: [...rows] } };
}

/** Protobuf maps are encoded in insertion order: sorted keys make equal facts equal bytes on all replicas. */
export function metadataOf(facts: Facts): Record<string, string> {
  const entries = Object.entries(facts).map(([key, value]): [string, string] => [key, String(value)]);
  return Object.fromEntries(entries.sort(([left], [right]) => (left < right ? -1 : 1)));
}
