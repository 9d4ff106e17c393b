// What an operation comes to, before it gets its index. A refusal is a value with a stable reason.

import type { LogIndex } from "../base/ids.ts";
import type { Outcome, RowRefusal } from "../wire/gen/fleet/v1/command.ts";

export type Result = NonNullable<Outcome["result"]>;

/** What an operation may know besides its own fields: all of it is in the log entry. */
export interface ApplyContext {
  readonly index: LogIndex;
  readonly atMs: number;
  readonly actor: string;
}

/** The state became as asked for. `version` is that of the row touched. */
export function changed(version: number, summary = ""): Result {
  return { $case: "applied", value: { changed: true, version, summary } };
}

/** The state already was as asked for. */
export function unchanged(version: number): Result {
  return { $case: "applied", value: { changed: false, version, summary: "" } };
}

/** Nothing changes. `reason` is upper case and stable; `message` is a sentence without a full stop. */
export function rejected(
  reason: string,
  message: string,
  metadata: Readonly<Record<string, string | number>> = {},
  rows: readonly RowRefusal[] = [],
): Result {
  // Protobuf maps are encoded in insertion order: sorted keys make equal refusals equal bytes on all replicas.
  const entries = Object.entries(metadata)
    .map(([key, value]): [string, string] => [key, String(value)])
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    $case: "rejected",
    value: { reason, message, metadata: Object.fromEntries(entries), rows: [...rows] },
  };
}
