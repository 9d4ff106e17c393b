import { expect, test } from "vitest";
import { assertSteady, whyNot, whyNotNow } from "../../../../src/client/drill/preflight.ts";
import type { FleetStatus } from "../../../../src/client/fleet-status.ts";
import { DRILLS } from "../../../../src/core/drill/catalog.ts";
import type { Need } from "../../../../src/core/drill/drill-spec.ts";
import { downNode, fleetReply, upNode } from "../../ui/model/fixtures.ts";

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

test("without a leader no drill is possible, with the reason, and with a whole fleet all are", () => {
  const can = new Set<Need>([...LOCAL, "own-log"]);
  const whole = fleetReply([upNode(1), upNode(2), upNode(3)]);
  const whys = (status: FleetStatus) => new Set(DRILLS.map((spec) => whyNotNow(spec, can, status)));
  expect([...whys(whole)]).toEqual([null]);
  const lost = fleetReply([upNode(1, { leaderId: 0 }), downNode(2), downNode(3)]);
  expect([...whys({ ...lost, leader: null })]).toEqual([
    "this drill would stop the fleet now: no leader is known",
  ]);
});

test("an entry of another term shows that the victim leads no more, and nothing is broken", () => {
  expect(() => assertSteady(25, 25)).not.toThrow();
  expect(() => assertSteady(25, 26)).toThrow("leadership changed before the drill had broken anything");
});
