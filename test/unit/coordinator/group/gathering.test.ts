// While many writes wait and the leader's disk is busy, later proposals gather for one append (ADR-0041).

import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FLEET_GROUP, nodeId } from "../../../../src/core/base/ids.ts";
import { OUTSIDE_SESSIONS } from "../../../../src/core/base/outside-sessions.ts";
import { BUSY_WRITES, GATHER_MS_MAX } from "../../../../src/core/coordinator/group/gathering.ts";
import { encodeCommand } from "../../../../src/core/fleet/command-codec.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import type { WriteRequest } from "../../../../src/core/storage/storage.ts";
import { foundingSnapshot, type Member, startMember } from "../group.ts";

const self = nodeId(1);

/** Entries are durable once `release` says so. */
class HeldDisk extends MemoryStorage {
  /** The number of entries of each append. */
  readonly appends: number[] = [];
  isHeld = false;
  #held: (() => void)[] = [];

  override async write(request: WriteRequest): Promise<void> {
    await super.write(request);
    if (request.entries.length === 0) return;
    this.appends.push(request.entries.length);
    if (this.isHeld) await new Promise<void>((resolve) => this.#held.push(resolve));
  }

  release(): void {
    for (const resolve of this.#held.splice(0)) resolve();
  }
}

let nowMs: number;
let disk: HeldDisk;
let leader: Member;

beforeEach(async () => {
  nowMs = 0;
  disk = new HeldDisk();
  await disk.write({
    ...{ group: FLEET_GROUP, hardState: null, entries: [] },
    snapshot: foundingSnapshot([self]),
  });
  leader = startMember(self, disk, {
    send: () => undefined,
    now: () => nowMs,
    snapshotEvery: 10_000,
    onFatal: (error) => expect.fail(String(error)),
  });
  leader.driver.campaign();
  await turns();
  expect(leader.driver.role).toBe("leader");
  disk.appends.length = 0;
  disk.isHeld = true;
});
afterEach(() => leader.driver.stop());

async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
}

async function propose(count: number): Promise<void> {
  const outside = { ...OUTSIDE_SESSIONS, actor: "fleet://admin", reason: "" };
  const operation = { kind: { $case: "openSession" as const, value: {} } };
  for (let each = 0; each < count; each += 1) {
    const data = encodeCommand({ ...outside, atMs: 1, operation }, 1);
    void leader.driver.propose(data, 60_000);
  }
  await turns();
}

test("few waiting writes: each is appended at once", async () => {
  await propose(1);
  await propose(1);
  await propose(1);
  expect(disk.appends).toEqual([1, 1, 1]);
});

test("many: what comes while the disk is busy is one append when it is done", async () => {
  await propose(BUSY_WRITES);
  await propose(3);
  await propose(4);
  expect(disk.appends).toEqual([BUSY_WRITES]);
  disk.release();
  await turns();
  expect(disk.appends).toEqual([BUSY_WRITES, 7]);
  disk.release();
  await turns();
  expect(leader.driver.proposals).toMatchObject({ accepted: BUSY_WRITES + 7, failed: 0, pending: 0 });
});

test("a disk that hangs holds up no proposal for longer than the limit and a tick", async () => {
  await propose(BUSY_WRITES);
  await propose(3);
  nowMs += GATHER_MS_MAX;
  leader.driver.tick();
  await turns();
  expect(disk.appends).toEqual([BUSY_WRITES, 3]);
});
