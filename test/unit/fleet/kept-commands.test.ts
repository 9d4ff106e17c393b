// The leader applies the command that it encoded without decoding it again; every other replica decodes it.

import { afterEach, expect, test, vi } from "vitest";
import { logIndex } from "../../../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../../src/core/base/outside-sessions.ts";
import { FleetMachine } from "../../../src/core/coordinator/group/fleet-machine.ts";
import { decodeCommand, encodeToApply, type NewCommand } from "../../../src/core/fleet/command-codec.ts";
import { Command } from "../../../src/core/wire/gen/fleet/v1/command.ts";
import { registerShard } from "../coordinator/group.ts";

afterEach(() => void vi.restoreAllMocks());

function command(shardId: string): NewCommand {
  const session = OUTSIDE_SESSIONS;
  return { ...session, actor: "fleet://admin", reason: "r", atMs: 7, operation: registerShard(shardId) };
}

test("what was encoded here is not decoded again, and leads to what decoding leads to", () => {
  const [leader, follower] = [new FleetMachine(), new FleetMachine()];
  const decode = vi.spyOn(Command, "decode");
  for (let index = 1; index <= 20; index += 1) {
    const data = encodeToApply(command(`s${index % 7}`), 1);
    const outcome = leader.apply(logIndex(index), data);
    expect(decode).toHaveBeenCalledTimes(index - 1);
    expect(follower.apply(logIndex(index), data.slice())).toEqual(outcome);
    expect(follower.view.hash()).toBe(leader.view.hash());
  }
});

test("what is kept is what the bytes say", () => {
  const data = encodeToApply(command("s1"), 2);
  const bytes = data.slice();
  expect(decodeCommand(logIndex(1), data)).toEqual(decodeCommand(logIndex(1), bytes));
});

test("it is kept until it is applied, once, and not beside the log's cache for good", () => {
  const data = encodeToApply(command("s1"), 1);
  const first = decodeCommand(logIndex(1), data);
  expect(decodeCommand(logIndex(1), data)).not.toBe(first);
  expect(decodeCommand(logIndex(1), data)).toEqual(first);
});

test("a large command is decoded again", () => {
  const decode = vi.spyOn(Command, "decode");
  const data = encodeToApply(command("s".repeat(2_000)), 1);
  decodeCommand(logIndex(1), data);
  expect(decode).toHaveBeenCalledTimes(1);
});

test("other bytes at the same index, as after another leader overwrote the entry, are other bytes", () => {
  encodeToApply(command("mine"), 1);
  const theirs = encodeToApply(command("theirs"), 1).slice();
  expect(decodeCommand(logIndex(5), theirs).operation).toEqual(registerShard("theirs"));
});
