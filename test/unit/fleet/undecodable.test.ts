// Bytes in the log that are no command (issue 10: they stopped every replica at every start).

import { expect, test } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { FleetMachine } from "../../../src/core/coordinator/group/fleet-machine.ts";
import { apply } from "../../../src/core/fleet/apply.ts";
import { decodeCommand, NO_COMMAND } from "../../../src/core/fleet/command-codec.ts";
import { FleetState } from "../../../src/core/fleet/state.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { encodeCommand as encode, registerShard } from "../coordinator/group.ts";

const GARBAGE = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
// Field 7, the operation, of one byte that is no message.
const BROKEN_OPERATION = Uint8Array.of((7 << 3) | 2, 1, 0xff);
// Its field 2 is the registration of a shard, which is one byte here, and no message.
const BROKEN_REGISTRATION = Uint8Array.of((7 << 3) | 2, 3, (2 << 3) | 2, 1, 0xff);

test.each([
  { data: GARBAGE, why: "no protobuf" },
  { data: Uint8Array.of(0x08), why: "cut short" },
  { data: BROKEN_OPERATION, why: "a broken operation" },
  { data: BROKEN_REGISTRATION, why: "a broken operation of a known kind" },
])("$why is a refused outcome, and the replica goes on", ({ data }) => {
  const machine = new FleetMachine();
  machine.apply(logIndex(1), encode(registerShard("s1"), 1));
  const before = machine.view.hash();
  expect(machine.apply(logIndex(2), data)).toMatchObject({
    index: 2,
    result: { $case: "rejected", value: { reason: "COMMAND_UNDECODABLE" } },
  });
  expect(machine.view.hash()).toBe(before);
  expect(machine.view.appliedIndex).toBe(2);
  expect(machine.apply(logIndex(3), encode(registerShard("s2"), 1))).toMatchObject({
    result: { $case: "applied" },
  });
});

test("bytes that cannot be read but say a newer format stop the replica: a newer build may read them", () => {
  const newer = Uint8Array.of(...BROKEN_OPERATION, 8 << 3, 9);
  const stopped = expect.objectContaining({ code: "FORMAT_UNKNOWN" });
  expect(() => decodeCommand(logIndex(1), newer)).toThrow(stopped);
});

test.each([
  { operation: undefined, why: "without an operation" },
  { operation: {}, why: "with an empty one" },
])("a command $why is a command: it is refused as it always was", ({ operation }) => {
  const empty = Command.encode(Command.fromPartial({ reason: "x", operation })).finish();
  const outcome = apply(new FleetState(), logIndex(1), decodeCommand(logIndex(1), empty));
  expect(outcome.result).toMatchObject({ $case: "rejected", value: { reason: "OPERATION_UNKNOWN" } });
});

test("by seed: no bytes are an exception, and two replicas come to the same", () => {
  const random = new SeededPrng(10);
  const [one, two] = [new FleetMachine(), new FleetMachine()];
  const sound = encode(registerShard("s1"), 1);
  for (let index = 1; index <= 3_000; index += 1) {
    const data = random.below(2) === 0 ? sound.slice() : new Uint8Array(1 + random.below(20));
    for (let times = 1 + random.below(3); times > 0; times -= 1)
      data[random.below(data.length)] = random.below(256);
    const cut = data.subarray(0, 1 + random.below(data.length));
    const known = outcomeOf(one, index, cut);
    expect(outcomeOf(two, index, cut)).toEqual(known);
    if (known === "FORMAT_UNKNOWN")
      for (const machine of [one, two]) machine.apply(logIndex(index), new Uint8Array());
  }
  expect(one.view.hash()).toBe(two.view.hash());
});

function outcomeOf(machine: FleetMachine, index: number, data: Uint8Array): unknown {
  try {
    return machine.apply(logIndex(index), data);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (code === undefined) throw error;
    return code;
  }
}

test("no command has the place of another by mistake: what is decoded is never that value", () => {
  expect(decodeCommand(logIndex(1), Command.encode(NO_COMMAND).finish())).not.toBe(NO_COMMAND);
});
