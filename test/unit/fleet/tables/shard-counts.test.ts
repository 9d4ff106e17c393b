// The counts that lists of shards show, against counting the rows themselves.

import { expect, test } from "vitest";
import { decodeSnapshot, encodeSnapshot } from "../../../../src/core/fleet/snapshot/snapshot.ts";
import type { FleetState } from "../../../../src/core/fleet/state.ts";
import { assign, begin, bind, move, Replica, register, removeShard } from "../replica.ts";

function counted(state: FleetState): Record<string, Record<string, number>> {
  const count = (rows: Iterable<{ readonly shardId: string }>) => {
    const counts: Record<string, number> = {};
    for (const { shardId } of rows) counts[shardId] = (counts[shardId] ?? 0) + 1;
    return counts;
  };
  const { bindings, domains, instructions } = state.tables;
  return {
    clusters: count(bindings.rows()),
    domains: count(domains.rows()),
    instructions: count(instructions.rows()),
  };
}

function kept({ counts }: FleetState): Record<string, Record<string, number>> {
  return {
    clusters: Object.fromEntries(counts.clusters),
    domains: Object.fromEntries(counts.domains),
    instructions: Object.fromEntries(counts.instructions),
  };
}

test("counts follow assignments, moves, releases and removals", () => {
  const replica = new Replica().applyAll([
    register("s1"),
    register("s2"),
    bind("c1", "s1"),
    bind("c2", "s1"),
  ]);
  replica.applyAll([assign("zone", "a", "s1"), assign("zone", "b", "s2"), begin("c1", "s1", "s2", "m1")]);
  const { version = 0 } = replica.state.tables.domains.get("zone\0a") ?? {};
  replica.apply(move(["zone", "a", "s2", version]));
  expect(kept(replica.state)).toEqual(counted(replica.state));
  replica.apply(move(["zone", "a", ""]));
  expect(kept(replica.state)).toEqual(counted(replica.state));
  replica.apply(removeShard("s2", true));
  expect(kept(replica.state)).toEqual(counted(replica.state));
});

test("a restored state counts what its snapshot held", () => {
  const replica = new Replica().applyAll([register("s1"), bind("c1", "s1"), assign("zone", "a", "s1")]);
  const restored = decodeSnapshot(encodeSnapshot(replica.state.capture()));
  expect(restored.ok && kept(restored.state)).toEqual(counted(replica.state));
});
