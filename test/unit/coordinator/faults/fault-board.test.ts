// The board of a drill's faults: what each does to links, disk and clock, and that every one of them ends.

import { expect, test } from "vitest";
import type { FileSystem } from "../../../../src/core/base/file-system.ts";
import { nodeId } from "../../../../src/core/base/ids.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { systemCodeOf } from "../../../../src/core/base/system-error.ts";
import { type Fault, readFault } from "../../../../src/core/coordinator/faults/fault.ts";
import { FaultBoard } from "../../../../src/core/coordinator/faults/fault-board.ts";
import { faultyFiles } from "../../../../src/core/coordinator/faults/faulty-files.ts";
import { faultMessage } from "../../../../src/core/wire/fault-message.ts";
import { LinkDirection } from "../../../../src/core/wire/gen/fleet/v1/faults.ts";

const ABOUT = { by: "fleet://admin", reason: "test" };
const [P2, P3] = [nodeId(2), nodeId(3)];

/** A board whose time passes by `pass`. */
function board(roll = 0) {
  let nowMs = 1_000;
  let due: { readonly atMs: number; readonly action: () => unknown }[] = [];
  const faults = new FaultBoard({
    isAllowed: true,
    clock: { monotonicMs: () => nowMs, wallMs: () => 5_000_000 },
    timers: {
      after: (ms, action) => {
        const entry = { atMs: nowMs + ms, action };
        due.push(entry);
        return () => {
          due = due.filter((other) => other !== entry);
        };
      },
    },
    below: () => roll,
    log: silentLog,
  });
  const pass = (ms: number) => {
    nowMs += ms;
    const over = due.filter(({ atMs }) => atMs <= nowMs);
    due = due.filter(({ atMs }) => atMs > nowMs);
    for (const { action } of over) action();
  };
  return { faults, pass };
}

test.each<{ fault: Fault; out: number | null; back: number | null; why: string }>([
  {
    fault: { kind: "partition", peers: [P2], direction: "both" },
    out: null,
    back: null,
    why: "both ways are cut",
  },
  {
    fault: { kind: "partition", peers: [P2], direction: "incoming" },
    out: 0,
    back: null,
    why: "it is deaf",
  },
  {
    fault: { kind: "partition", peers: [P2], direction: "outgoing" },
    out: null,
    back: 0,
    why: "it is mute",
  },
  {
    fault: { kind: "partition", peers: [P3], direction: "both" },
    out: 0,
    back: 0,
    why: "another peer is meant",
  },
  { fault: { kind: "partition", peers: [], direction: "both" }, out: null, back: null, why: "all are meant" },
  {
    fault: { kind: "lossy-links", peers: [], lossPercent: 50, delayMs: 30 },
    out: null,
    back: null,
    why: "the roll of 20 is below 50",
  },
  {
    fault: { kind: "lossy-links", peers: [], lossPercent: 20, delayMs: 30 },
    out: 30,
    back: 30,
    why: "the roll of 20 is not below 20",
  },
])("frames to and from peer 2 under $fault.kind: $why", ({ fault, out, back }) => {
  const { faults } = board(20);
  faults.inject(fault, 1_000, ABOUT);
  expect([faults.outgoing(P2), faults.incoming(P2)]).toEqual([out, back]);
});

test("a fault ends with its time to live, and so does what it did", () => {
  const { faults, pass } = board();
  faults.inject({ kind: "clock-jump", byMs: -60_000 }, 1_000, ABOUT);
  faults.inject({ kind: "slow-disk", delayMs: 40 }, 2_000, ABOUT);
  const clock = faults.clock();
  expect([clock.wallMs(), faults.diskDelayMs, faults.active.length]).toEqual([4_940_000, 40, 2]);
  pass(1_000);
  expect([clock.wallMs(), faults.diskDelayMs, faults.active.length]).toEqual([5_000_000, 40, 1]);
  pass(1_000);
  expect([faults.diskDelayMs, faults.active.length]).toEqual([0, 0]);
});

test("the clock never shows a time before 1970", () => {
  const { faults } = board();
  faults.inject({ kind: "clock-jump", byMs: -6_000_000 }, 1_000, ABOUT);
  expect(faults.clock().wallMs()).toBe(0);
});

test("clearing names faults, or none for all", () => {
  const { faults } = board();
  const first = faults.inject({ kind: "full-disk" }, 1_000, ABOUT);
  faults.inject({ kind: "failing-disk" }, 1_000, ABOUT);
  faults.clear([first.id, 99], "fleet://admin");
  expect([faults.isDiskFull, faults.isDiskFailing]).toEqual([false, true]);
  faults.clear([], "fleet://admin");
  expect(faults.active).toEqual([]);
});

test("what a slow disk holds up goes on when the fault is cleared", async () => {
  const { faults } = board();
  const written: string[] = [];
  const files = faultyFiles(disk(written), faults);
  const file = await files.openSynced("segment");
  faults.inject({ kind: "slow-disk", delayMs: 60_000 }, 60_000, ABOUT);
  const write = file.write(Uint8Array.of(1), 0);
  await Promise.resolve();
  expect(written).toEqual([]);
  faults.clear([], "fleet://admin");
  await write;
  expect(written).toEqual(["write segment"]);
});

test("a full disk refuses new content, and takes what is preallocated", async () => {
  const { faults } = board();
  const written: string[] = [];
  const files = faultyFiles(disk(written), faults);
  faults.inject({ kind: "full-disk" }, 1_000, ABOUT);
  const created = await files.create("snapshot", 0o600);
  const refused = await created.fill(Uint8Array.of(1)).catch(systemCodeOf);
  await (await files.openSynced("segment")).write(Uint8Array.of(1), 0);
  expect({ refused, written }).toEqual({ refused: "ENOSPC", written: ["write segment"] });
});

test("a failing disk fails every write and sync", async () => {
  const { faults } = board();
  const written: string[] = [];
  const files = faultyFiles(disk(written), faults);
  const [created, segment] = [await files.create("snapshot", 0o600), await files.openSynced("segment")];
  faults.inject({ kind: "failing-disk" }, 1_000, ABOUT);
  const works = [
    () => created.fill(Uint8Array.of(1)),
    () => created.sync(),
    () => segment.write(Uint8Array.of(1), 0),
    () => files.syncDirectory("folder"),
  ];
  expect(await Promise.all(works.map((work) => work().catch(systemCodeOf)))).toEqual(Array(4).fill("EIO"));
  expect(written).toEqual([]);
});

test.each([
  { message: undefined, says: "names no fault" },
  { message: { kind: undefined }, says: "names no fault" },
  {
    message: { kind: { $case: "partition" as const, value: { peers: [9], direction: LinkDirection.BOTH } } },
    says: "replica 9 is not a peer",
  },
  {
    message: {
      kind: { $case: "partition" as const, value: { peers: [], direction: LinkDirection.UNSPECIFIED } },
    },
    says: "direction",
  },
  {
    message: { kind: { $case: "lossyLinks" as const, value: { peers: [], lossPercent: 101, delayMs: 0 } } },
    says: "at most 100 percent",
  },
  {
    message: { kind: { $case: "slowDisk" as const, value: { delayMs: 60_001 } } },
    says: "at most 60000 ms",
  },
  { message: { kind: { $case: "clockJump" as const, value: { byMs: 0 } } }, says: "needs a distance" },
])("no fault: $says", ({ message, says }) => {
  expect(readFault(message, [P2, P3])).toContain(says);
});

test.each<Fault>([
  { kind: "partition", peers: [P2], direction: "incoming" },
  { kind: "lossy-links", peers: [P2, P3], lossPercent: 10, delayMs: 20 },
  { kind: "slow-disk", delayMs: 100 },
  { kind: "full-disk" },
  { kind: "failing-disk" },
  { kind: "clock-jump", byMs: -1 },
])("$kind travels as it is", (fault) => {
  expect(readFault(faultMessage(fault), [P2, P3])).toEqual(fault);
});

/** Notes what reaches the disk; only the methods that faults disturb. */
function disk(written: string[]): FileSystem {
  const note = (what: string) => async () => {
    written.push(what);
  };
  const file = (path: string) => ({
    fill: note(`fill ${path}`),
    sync: note(`sync ${path}`),
    write: note(`write ${path}`),
    close: async () => undefined,
  });
  const some: Partial<FileSystem> = {
    create: async (path) => file(path),
    openSynced: async (path) => file(path),
    syncDirectory: async (path) => note(`sync ${path}`)(),
  };
  return some as FileSystem;
}
