// What became of a drill's writes: the client's own record of each, against the probe rows read back at the end.
// A write whose outcome the client never learned may be there once or not at all. None may be there twice.

import { assert } from "../base/assert.ts";
import type { Probe } from "../wire/gen/fleet/v1/command.ts";

/** What the client heard about one write; "failed" means a definite answer that it was not applied. */
export interface AttemptedWrite {
  readonly number: number;
  readonly result: "acknowledged" | "failed" | "unknown";
}

export interface WriteCounts {
  readonly attempted: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly unknown: number;
}

/** Numbers of writes, ascending. */
export interface WriteVerdict {
  readonly counts: WriteCounts;
  /** Acknowledged, and not there. */
  readonly lost: readonly number[];
  /** Applied more than once, whatever the client was told. */
  readonly duplicated: readonly number[];
  /** There, though the client was told that they failed, or though it never sent them. */
  readonly unexpected: readonly number[];
}

export function judgeWrites(
  writes: readonly AttemptedWrite[],
  probes: readonly Pick<Probe, "number" | "applications">[],
): WriteVerdict {
  const results = new Map(writes.map(({ number, result }) => [number, result]));
  assert(
    results.size === writes.length,
    "a drill attempts each number as one write, however often it is retried",
  );
  const applications = new Map<number, number>();
  for (const probe of probes) {
    applications.set(probe.number, (applications.get(probe.number) ?? 0) + probe.applications);
  }
  const applied = [...applications].filter(([, times]) => times > 0);
  const count = (wanted: AttemptedWrite["result"]) => writes.filter(({ result }) => result === wanted).length;
  const mayBeThere = (number: number) =>
    ["acknowledged", "unknown"].includes(results.get(number) ?? "never sent");
  return {
    counts: {
      attempted: writes.length,
      acknowledged: count("acknowledged"),
      failed: count("failed"),
      unknown: count("unknown"),
    },
    lost: ascending(
      writes
        .filter(({ number, result }) => result === "acknowledged" && !applications.get(number))
        .map(({ number }) => number),
    ),
    duplicated: ascending(applied.filter(([, times]) => times > 1).map(([number]) => number)),
    unexpected: ascending(applied.map(([number]) => number).filter((number) => !mayBeThere(number))),
  };
}

function ascending(numbers: readonly number[]): readonly number[] {
  return numbers.toSorted((left, right) => left - right);
}
