// The cluster version: 1 until an entry raises it, never lowered; what a build does not know, it does not apply (ADR-0015).

import { expect, test } from "vitest";
import { Exit, OperatorError } from "../../../src/core/base/errors.ts";
import { logIndex } from "../../../src/core/base/ids.ts";
import { FleetMachine } from "../../../src/core/coordinator/group/fleet-machine.ts";
import { decodeCommand, encodeCommand } from "../../../src/core/fleet/command-codec.ts";
import { FIRST_VERSION, KNOWN_VERSION } from "../../../src/core/fleet/format.ts";
import { decodeSnapshot, encodeSnapshot } from "../../../src/core/fleet/snapshot/snapshot.ts";
import { Command, FleetSnapshot, MemberKind } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { restoreWhole } from "../coordinator/restore-whole.ts";
import * as make from "./replica.ts";

const NEWER = KNOWN_VERSION + 1;
const bytesOf = (kind: make.OperationKind, formatVersion: number) =>
  Command.encode(make.command(kind, { formatVersion })).finish();

function errorOf(action: () => unknown): OperatorError {
  try {
    action();
  } catch (error) {
    if (error instanceof OperatorError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("a state is at version 1 until a raise, and never falls", () => {
  const replica = new make.Replica();
  expect(replica.state.clusterVersion).toBe(1);
  expect(make.brief(replica.apply(make.raise(2)))).toBe("changed v2");
  expect(make.brief(replica.apply(make.raise(2)))).toBe("unchanged v2");
  expect(make.brief(replica.apply(make.raise(1)))).toBe("unchanged v2");
  expect(replica.state.clusterVersion).toBe(2);
  expect(replica.state.capture().clusterVersion).toBe(2);
  expect(replica.state.fork().clusterVersion).toBe(2);
});

test("a raise is refused while a member, be it a learner, has not announced the version", () => {
  const replica = new make.Replica().applyAll([
    make.member(1),
    make.member(2),
    make.member(3, MemberKind.LEARNER),
  ]);
  expect(make.brief(replica.apply(make.raise(2, { 1: 2, 2: 2 })))).toBe(
    "MEMBER_TOO_OLD name=n3 node=3 version=2",
  );
  expect(make.brief(replica.apply(make.raise(2, { 1: 2, 2: 1, 3: 2 })))).toBe(
    "MEMBER_TOO_OLD name=n2 node=2 version=2",
  );
  expect(replica.state.clusterVersion).toBe(1);
  replica.apply({ $case: "removeMember", value: { nodeId: 2 } });
  expect(make.brief(replica.apply(make.raise(2, { 1: 2, 3: 2 })))).toBe("changed v2");
});

test("a snapshot keeps the version and says its format", () => {
  const replica = new make.Replica().applyAll([make.register("s1")]);
  expect(FleetSnapshot.decode(encodeSnapshot(replica.state)).format, "as the previous build has it").toBe(2);
  replica.apply(make.raise(2));
  const bytes = encodeSnapshot(replica.state);
  expect(FleetSnapshot.decode(bytes).format, "the previous build refuses it by its format").toBe(3);
  const restored = decodeSnapshot(bytes);
  expect(restored.ok && restored.state.clusterVersion).toBe(2);
});

test("a command says the cluster version that it was proposed under; under version 1 it has the old bytes", () => {
  const command = make.command(make.register("s1"));
  const old = encodeCommand(command, FIRST_VERSION);
  expect(old).toEqual(Command.encode(command).finish());
  expect(Command.decode(old).formatVersion).toBe(0);
  expect(Command.decode(encodeCommand(command, 2)).formatVersion).toBe(2);
  expect(Command.decode(encodeCommand(make.command(make.raise(2)), 1)).formatVersion).toBe(2);
});

test("an entry that only a newer build knows stops the replica, and is no outcome in its state", () => {
  const replica = new FleetMachine();
  replica.apply(logIndex(1), bytesOf(make.register("s1"), 0));
  const before = replica.view.hash();
  // Its operation has a number that this build has no field for.
  const unknown = Command.encode({ ...make.command(undefined), formatVersion: NEWER }).finish();
  const error = errorOf(() => replica.apply(logIndex(2), unknown));
  expect(error.code).toBe("FORMAT_UNKNOWN");
  expect(error.message).toBe("entry 2 of the log has format version 3, and this build knows up to version 2");
  expect([replica.view.hash(), replica.view.appliedIndex]).toEqual([before, 1]);
});

// Field 7 of a command, the operation, which has one field of its own: 999, an empty message.
const OPERATION_999 = Uint8Array.of((7 << 3) | 2, 3, 0xba, 0x3e, 0);
const FORMAT_2 = Uint8Array.of(8 << 3, 2);

test.each([
  { format: FORMAT_2, version: 2, why: "a build of the same version that has more operations" },
  { format: Uint8Array.of(), version: 1, why: "a build that names no version" },
])("an operation that this build does not know stops the replica: of $why", ({ format, version }) => {
  const replica = new FleetMachine();
  replica.apply(logIndex(1), bytesOf(make.register("s1"), 0));
  const before = replica.view.hash();
  const error = errorOf(() => replica.apply(logIndex(2), Uint8Array.of(...OPERATION_999, ...format)));
  const next = expect.stringContaining("fleet member list");
  expect(error).toMatchObject({ code: "FORMAT_UNKNOWN", parts: { exit: Exit.Precondition, next } });
  expect(error.message).toBe(
    `entry 2 of the log has operation 999 of format version ${version}, and this build knows up to version 2 without that operation`,
  );
  expect([replica.view.hash(), replica.view.appliedIndex]).toEqual([before, 1]);
});

test.each([
  { data: bytesOf(make.raise(NEWER), 2), why: "a raise to a version that it does not know" },
  { data: bytesOf(make.register("s1"), NEWER), why: "any command that was proposed under one" },
])("$why stops a replica", ({ data }) => {
  expect(errorOf(() => decodeCommand(logIndex(7), data)).code).toBe("FORMAT_UNKNOWN");
});

test("a build of version 1 stops at the raise to 2, and at a snapshot from behind it", () => {
  const older = new FleetMachine(undefined, FIRST_VERSION);
  expect(errorOf(() => older.apply(logIndex(1), bytesOf(make.raise(2), 2))).code).toBe("FORMAT_UNKNOWN");
  const snapshot = encodeSnapshot(new make.Replica().applyAll([make.raise(2)]).state);
  expect(errorOf(() => restoreWhole(older, logIndex(1), snapshot)).code).toBe("FORMAT_UNKNOWN");
});
