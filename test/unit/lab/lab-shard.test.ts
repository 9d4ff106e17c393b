import { describe, expect, test } from "vitest";
import { LabShard } from "../../../src/core/lab/lab-shard.ts";
import {
  type Instruction,
  InstructionKind,
  InstructionOutcome,
} from "../../../src/core/wire/gen/fleet/v1/command.ts";
import type { ReportShardResponse } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { BindingState } from "../../../src/core/wire/gen/fleet/v1/views.ts";

const shard = () => new LabShard({ id: "lab-s001", address: "lab-s001.invalid:1", epoch: 1, shortfalls: 3 });

const answer = (parts: Partial<ReportShardResponse>): ReportShardResponse => ({
  coordinatorTerm: 1,
  instructions: [],
  domainInstructions: [],
  coordinators: [],
  askDomains: false,
  ...parts,
});

const toTake = (value: string, sequence: number): Instruction => ({
  ...{ shardId: "lab-s001", key: "lab-rack", value, sequence, kind: InstructionKind.ASSIGN_DOMAIN },
  ...{ instructionId: `${sequence}.0`, sinceMs: 0, outcome: InstructionOutcome.UNSPECIFIED, detail: "" },
});

describe("sessions", () => {
  test("an agent that dials is bound at first contact, and reported with its session", () => {
    const one = shard();
    expect(one.dial("lab-c00001")).toBe(true);
    const [row] = one.report().request.bindings;
    expect(row).toMatchObject({
      clusterId: "lab-c00001",
      state: BindingState.BOUND,
      version: 0,
      session: true,
    });
  });

  test("a cluster that was released is refused when it dials again", () => {
    const one = shard();
    one.dial("lab-c00001");
    one.hangUp("lab-c00001");
    const release = { toShard: "lab-s002", toAddress: "lab-s002.invalid:1" };
    const action = { $case: "release", value: release } as const;
    one.taken(one.report(), answer({ instructions: [{ clusterId: "lab-c00001", version: 2, action }] }));
    expect(one.dial("lab-c00001")).toBe(false);
  });

  test("an answer of an older leader changes nothing", () => {
    const one = shard();
    one.taken(one.report(), answer({ coordinatorTerm: 5 }));
    one.taken(one.report(), answer({ coordinatorTerm: 4, domainInstructions: [toTake("lab-r000001", 9)] }));
    expect(one.report().request.acks).toEqual([]);
  });
});

describe("answers to instructions", () => {
  test("are told until a report that carried them was taken", () => {
    const one = shard();
    one.taken(one.report(), answer({ domainInstructions: [toTake("lab-r000001", 9)] }));
    const lost = one.report();
    const repeated = one.report();
    expect(lost.request.acks).toMatchObject([{ value: "lab-r000001", sequence: 9 }]);
    expect(repeated.request.acks).toEqual(lost.request.acks);
    one.taken(repeated, answer({}));
    expect(one.report().request.acks).toEqual([]);
  });
});

test("what it holds is told in the report after the question, and in no other", () => {
  const one = shard();
  const taken = [
    toTake("lab-r000001", 9),
    { ...toTake("lab-r000002", 9), kind: InstructionKind.UNASSIGN_DOMAIN },
  ];
  one.taken(one.report(), answer({ domainInstructions: taken, askDomains: true }));
  const told = one.report();
  expect(told.request.heldDomains).toEqual({
    domains: [{ key: "lab-rack", value: "lab-r000001", sequence: 9 }],
  });
  one.taken(told, answer({}));
  expect(one.report().request.heldDomains).toBeUndefined();
});

test("a report's cycle rises, and its shortfalls come the gravest first", () => {
  const one = shard();
  one.dial("lab-c00001");
  expect(one.report().request.cycle).toBe(1);
  const { cycle, shortfalls } = one.report().request;
  expect(cycle).toBe(2);
  const priorities = shortfalls.map(({ priority }) => priority);
  expect(priorities).toEqual(priorities.toSorted((left, right) => right - left));
  expect(shortfalls).toHaveLength(3);
});
