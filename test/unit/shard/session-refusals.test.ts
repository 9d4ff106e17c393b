// What of an agent's words a shard takes: one agent's roll-up must not fill the shard's reports (issue 11).
import { expect, test } from "vitest";
import { objectionTo, objectionToDemand } from "../../../src/core/shard/session-refusals.ts";
import { DemandGroup, SessionHello } from "../../../src/core/wire/gen/fleet/v1/shard.ts";
import { readRpcError } from "../../../src/core/wire/rpc-error.ts";

const group = (requirements: Record<string, string>, count = 1) =>
  DemandGroup.fromPartial({ count, requirements });
const labels = (count: number, length: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`label-${at}`, "v".repeat(length)]));

test.each([
  {
    groups: [group({ "instance-type": "m5.large", "topology.kubernetes.io/zone": "eu-1a" })],
    taken: true,
    why: "labels",
  },
  { groups: [], taken: true, why: "no demand" },
  {
    groups: [group({ zone: "x\nexecutor: {kind: command}" })],
    taken: false,
    why: "a text that would begin a line",
  },
  { groups: [group({ "zone\u001b[2J": "x" })], taken: false, why: "a key with an escape code" },
  { groups: [group({ zone: "v".repeat(64) })], taken: false, why: "a long value" },
  { groups: [group(labels(33, 1))], taken: false, why: "33 labels" },
  {
    groups: Array.from({ length: 1_000 }, () => group({ zone: "eu-1a" })),
    taken: true,
    why: "a thousand groups",
  },
  { groups: Array.from({ length: 1_001 }, () => group({})), taken: false, why: "a thousand and one" },
  {
    groups: Array.from({ length: 100 }, () => group(labels(32, 30))),
    taken: false,
    why: "more than 64 kB of labels",
  },
  { groups: [group({}, 2_000_000_000)], taken: false, why: "more machines than there are" },
])("taken = $taken: $why", ({ groups, taken }) => {
  const objection = objectionToDemand(groups);
  expect(objection === null ? null : readRpcError(objection).reason).toBe(taken ? null : "DEMAND_INVALID");
});

test("an agent's name for itself is bounded", () => {
  const hello = SessionHello.fromPartial({
    clusterId: "c1",
    protocolVersion: 1,
    instanceId: "x".repeat(254),
  });
  expect(readRpcError(objectionTo(hello, { kind: "cluster", id: "c1" })).reason).toBe("INSTANCE_INVALID");
});
