import { expect, test } from "vitest";
import { logIndex } from "../../../../src/core/base/ids.ts";
import { TallyMachine } from "../../../../src/core/coordinator/group/tally-machine.ts";
import { wholeOf } from "../../../../src/core/storage/chunks.ts";
import { restoreWhole } from "../restore-whole.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

function tallyOf(...entries: readonly string[]) {
  const machine = new TallyMachine();
  for (const [at, entry] of entries.entries()) machine.apply(logIndex(at + 1), bytes(entry));
  return machine;
}

test("the same entries in the same order give the same tally, others another", () => {
  expect(tallyOf("a", "b").tally).toEqual(tallyOf("a", "b").tally);
  expect(tallyOf("a", "b").tally).not.toEqual(tallyOf("b", "a").tally);
  expect(tallyOf("a", "b", "").tally).toEqual({ entries: 2, digest: tallyOf("a", "b").tally.digest });
});

test("a snapshot carries it on", async () => {
  const restored = new TallyMachine();
  restoreWhole(restored, logIndex(2), await wholeOf(tallyOf("a", "b").capture()()));
  restored.apply(logIndex(3), bytes("c"));
  expect(restored.tally).toEqual(tallyOf("a", "b", "c").tally);
});

test("a founding snapshot holds nothing; a damaged one is refused", async () => {
  const machine = new TallyMachine();
  restoreWhole(machine, logIndex(1), new Uint8Array());
  expect(machine.tally.entries).toBe(0);
  expect(await wholeOf(machine.capture()())).toEqual(new Uint8Array());
  expect(() => restoreWhole(machine, logIndex(1), bytes("2 no digest"))).toThrow("is no tally");
});
