// The victim of storage-kill.test.ts: appends to the storage in the given folder until it is killed, and prints
// the index of each acknowledged entry. Every 200 entries it saves a snapshot and compacts.

import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { argv } from "node:process";
import { FLEET_GROUP, logIndex, nodeId, term } from "../../src/core/base/ids.ts";
import { onlyVoters } from "../../src/core/base/only-voters.ts";
import { DiskStorage } from "../../src/core/storage/disk-storage.ts";

// A process that is killed would never write what it has compiled.
flushCompileCache();

const WRITERS = 8;
const SNAPSHOT_EVERY = 200;

const directory = argv[2] ?? "";
const identity = { clusterId: "c-kill", nodeId: nodeId(1) };
const storage = await DiskStorage.open({ directory, identity, segmentBytes: 65_536 });
const confState = onlyVoters([nodeId(1)]);
let next = storage.reader(FLEET_GROUP).lastIndex() + 1;

async function writeNext(): Promise<void> {
  const index = logIndex(next++);
  const data = new TextEncoder().encode(`entry ${index}`);
  const hardState = { term: term(1), vote: nodeId(1), commit: logIndex(index - 1) };
  const entries = [{ index, term: term(1), type: "normal" as const, data }];
  await storage.write({ group: FLEET_GROUP, entries, hardState, snapshot: null });
  acknowledge(index);
  if (index % SNAPSHOT_EVERY !== 0) return;
  const encode = async function* () {
    yield new TextEncoder().encode(`state ${index}`);
  };
  await storage.saveSnapshot(FLEET_GROUP, { index, term: term(1), confState, encode });
  storage.compact(FLEET_GROUP, logIndex(index - SNAPSHOT_EVERY / 2));
}

// Synchronously, so that nothing acknowledged waits in this process for a kill to swallow it. The parent may be slow
// to read: a full pipe is tried again.
function acknowledge(index: number): void {
  for (;;) {
    try {
      writeSync(1, `${index}\n`);
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
    }
  }
}

async function writeForever(): Promise<never> {
  for (;;) await writeNext();
}

await Promise.all(Array.from({ length: WRITERS }, writeForever));
