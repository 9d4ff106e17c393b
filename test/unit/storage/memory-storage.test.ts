import { expect, test } from "vitest";
import { FLEET_GROUP, groupId, logIndex } from "../../../src/core/base/ids.ts";
import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";
import { contents, entries, hardState, ownSnapshot, request, snapshot } from "./support.ts";

test("shows what was written, group by group, and forgets what is compacted", async () => {
  const storage = new MemoryStorage();
  await storage.write(request({ entries: entries(1, 9), hardState: hardState(1, 2, 8) }));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(7));
  await storage.saveSnapshot(FLEET_GROUP, ownSnapshot(3));
  storage.compact(FLEET_GROUP, logIndex(5));
  const expected = { first: 6, entries: entries(6, 9), snapshot: snapshot(7), hardState: hardState(1, 2, 8) };
  expect(contents(storage.reader(FLEET_GROUP))).toMatchObject(expected);
  expect(contents(storage.reader(groupId(1)))).toMatchObject({ first: 1, entries: [] });
  await storage.close();
});

test("is as strict as the disk", () => {
  const storage = new MemoryStorage();
  expect(() => storage.write(request({ hardState: hardState(1, 1, 1) }))).toThrow(
    "names an entry that is there",
  );
});
