// A replica that starts with a long log owes a snapshot. It makes it once it knows a leader: until then clients wait for
// the election, and a snapshot takes the time that it needs.

import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../../../src/core/base/ids.ts";
import type { Entry } from "../../../../src/core/raft/message.ts";
import { MemoryStorage } from "../../../../src/core/storage/memory-storage.ts";
import { foundingSnapshot, startMember } from "../group.ts";

const SELF = nodeId(1);
const ENTRIES = 30;

/** Empty entries behind the founding, all committed. */
async function longLog(): Promise<MemoryStorage> {
  const storage = new MemoryStorage();
  const entries: Entry[] = Array.from({ length: ENTRIES }, (_, at) => ({
    ...{ term: term(1), index: logIndex(2 + at), type: "normal", data: new Uint8Array() },
  }));
  await storage.write({
    ...{ group: FLEET_GROUP, hardState: null, entries: [], snapshot: foundingSnapshot([SELF]) },
  });
  const hardState = { term: term(1), vote: nodeId(0), commit: logIndex(1 + ENTRIES) };
  await storage.write({ group: FLEET_GROUP, hardState, entries, snapshot: null });
  return storage;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
}

test("a snapshot that is due at the start waits until a leader is known", async () => {
  const failures: unknown[] = [];
  const { driver } = startMember(SELF, await longLog(), {
    send: () => undefined,
    now: () => 0,
    snapshotEvery: 10,
    onFatal: (error) => failures.push(error),
  });
  await turns();
  expect([driver.appliedIndex, driver.snapshotIndex, driver.leader]).toEqual([1 + ENTRIES, 1, 0]);
  driver.campaign();
  await turns();
  expect(driver.role).toBe("leader");
  expect(driver.snapshotIndex).toBeGreaterThan(ENTRIES);
  expect(failures).toEqual([]);
  driver.stop();
});
