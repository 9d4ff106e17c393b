import { expect, test } from "vitest";
import { assertSteady, whyNot } from "../../../../src/client/drill/preflight.ts";
import { DRILLS } from "../../../../src/core/drill/catalog.ts";
import type { Need } from "../../../../src/core/drill/drill-spec.ts";

const SHARED: readonly Need[] = ["faults", "kill", "start", "stop", "pause", "wipe", "shards", "agents"];
const LOCAL: readonly Need[] = [...SHARED, "own-process"];
const impossible = (can: readonly Need[]) =>
  DRILLS.filter((spec) => whyNot(spec, new Set(can)) !== null).map(({ name }) => name);

test("a local fleet on embedded Raft can be broken in every way", () => {
  expect(impossible([...LOCAL, "own-log"])).toEqual([]);
});

test("on etcd what breaks the coordinators' own links, disks and quorum is n/a, with the reason", () => {
  const names = impossible(LOCAL);
  expect(names).toEqual([
    ...["partition", "partition-follower", "partition-minority", "partition-deaf", "partition-mute"],
    ...["lossy-network", "slow-disk", "full-disk", "failing-disk", "lose-disk", "lose-quorum"],
  ]);
  const why = DRILLS.filter(({ name }) => names.includes(name)).map((spec) => whyNot(spec, new Set(LOCAL)));
  expect(new Set(why).size).toBe(1);
  expect(why[0]).toContain("its log is in etcd");
});

test("in one process what ends or pauses a coordinator is impossible, with the reason", () => {
  const can: readonly Need[] = [...SHARED, "own-log"];
  const names = impossible(can);
  expect(names).toEqual([
    ...["kill-leader", "kill-follower", "kill-all", "pause-leader", "failing-disk", "rolling-restart"],
    ...["lose-disk", "lose-quorum", "coordinators-down"],
  ]);
  for (const spec of DRILLS.filter(({ name }) => names.includes(name)))
    expect(whyNot(spec, new Set(can))).toContain("run in one process");
});

test("an entry of another term shows that the victim leads no more, and nothing is broken", () => {
  expect(() => assertSteady(25, 25)).not.toThrow();
  expect(() => assertSteady(25, 26)).toThrow("leadership changed before the drill had broken anything");
});
