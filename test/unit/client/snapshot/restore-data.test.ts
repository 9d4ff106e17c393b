// Where a snapshot may be restored to for a node that is started by other means, and what finishes an unfinished
// restore. An integration test shows that it survives kill -9.

import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { layDown } from "../../../../src/client/snapshot/lay-down.ts";
import type { RestoreWish } from "../../../../src/client/snapshot/restore.ts";
import { orderOf, restorePreview } from "../../../../src/client/snapshot/restore.ts";
import { checkData, misfit, restoreData } from "../../../../src/client/snapshot/restore-data.ts";
import { FLEET_GROUP } from "../../../../src/core/base/ids.ts";
import { listMembers } from "../../../../src/core/fleet/query.ts";
import { replay } from "../../../../src/core/recover/copy.ts";
import { readStopped } from "../../../../src/core/storage/read-stopped.ts";
import { readRecoveryMark } from "../../../../src/core/storage/recovery-mark.ts";
import { temporaryFolder } from "../../../temporary-folder.ts";
import { captured } from "../../export/samples.ts";

const WISH: RestoreWish = {
  ...{ snapshot: { name: "20260101T000000000Z-20", ...captured(20) }, place: "/exports", compared: [] },
  ...{ node: null, reason: "" },
};
const NEW_ADDRESS = "n1.new:7400";
const quiet = { onProgress: () => undefined };

let data: string;

beforeEach(async () => {
  data = join(await temporaryFolder(), "n1", "data");
});

async function addressesIn(directory: string): Promise<readonly string[]> {
  const log = (await readStopped(directory)).logs.get(FLEET_GROUP);
  const restored = log && replay(log);
  if (!restored?.ok) throw new Error("the log can be replayed");
  return listMembers(restored.state).map((row) => row.address);
}

test.each([
  { address: "", first: "h:1", why: "where it was" },
  { address: NEW_ADDRESS, first: NEW_ADDRESS, why: "its host is another" },
])("its members' table says $first: $why", async ({ address, first }) => {
  const report = await restoreData({ data, address }, WISH, quiet);
  expect((await addressesIn(data))[0]).toBe(first);
  expect(report.next[0]).toContain(`--fleet local --cluster-id ${report.clusterId} --listen ${first}`);
});

test.each([
  { wish: { ...WISH, node: "n2" }, address: "", why: "another node" },
  { wish: { ...WISH, place: "/elsewhere" }, address: "", why: "another snapshot" },
  { wish: WISH, address: NEW_ADDRESS, why: "another address" },
])("what was begun is not finished as $why", async ({ wish, address }) => {
  await mkdir(join(data, ".."), { recursive: true });
  await layDown(data, WISH.snapshot, orderOf(WISH, 1, ""));
  const begun = await readRecoveryMark(data);
  await expect(checkData({ data, address }, wish)).rejects.toMatchObject({
    code: "RECOVERY_UNFINISHED",
    parts: { next: expect.stringContaining(`fleet recover --force-new-cluster --data ${data}`) },
  });
  expect(await readRecoveryMark(data)).toEqual(begun);
  await expect(checkData({ data, address: "" }, WISH)).resolves.toMatchObject({ mark: begun });
});

test("the same snapshot restored twice begins at one index, in epochs that rise; what was begun begins where it was to", async () => {
  const beginningOf = async (folder: string, atMs: number) =>
    await layDown(folder, WISH.snapshot, { ...orderOf(WISH, 1, ""), atMs });
  const begun = await beginningOf(data, Date.UTC(2026, 0));
  const again = await beginningOf(`${data}-again`, begun.atMs + 1);
  expect(begun).toMatchObject({ index: begun.last + 1, term: WISH.snapshot.manifest.term + 1 });
  expect(again).toMatchObject({ index: begun.index, term: begun.term });
  expect(again.epoch).toBeGreaterThan(begun.epoch ?? Number.NaN);
  const { index, term, epoch } = await restoreData({ data, address: "" }, WISH, quiet);
  expect({ index, term, epoch }).toEqual({ index: begun.index, term: begun.term, epoch: begun.epoch });
});

test("a host's clock that is behind the export is told, and the epoch is the export's time", async () => {
  const { manifest } = WISH.snapshot;
  const atMs = Date.now() + 3_600_000;
  const wish = { ...WISH, snapshot: { ...WISH.snapshot, manifest: { ...manifest, atMs } } };
  expect(restorePreview(wish, "f", "n1", data).clockBehindMs).toBeGreaterThan(3_590_000);
  expect(restorePreview(WISH, "f", "n1", data).clockBehindMs).toBe(0);
  expect((await layDown(data, wish.snapshot, orderOf(wish, 1, ""))).epoch).toBe(atMs);
});

test("files that are there are not touched", async () => {
  await mkdir(data, { recursive: true });
  await writeFile(join(data, "mine"), "");
  await expect(restoreData({ data, address: "" }, WISH, quiet)).rejects.toMatchObject({ code: "DATA_THERE" });
  expect(await readdir(data)).toEqual(["mine"]);
});

test("an address is host:port", async () => {
  await expect(checkData({ data, address: "n1.new" }, WISH)).rejects.toMatchObject({ code: "USAGE" });
});

const seen = (uid: number, dev = 1) => ({ uid, dev });
const NODE_USER = 998;

test.each([
  {
    own: null,
    parent: seen(NODE_USER),
    uid: 0,
    found: { owner: NODE_USER },
    why: "the node could not write",
  },
  { own: seen(NODE_USER), parent: seen(0), uid: 0, found: { owner: NODE_USER }, why: "its folder is made" },
  { own: seen(NODE_USER), parent: seen(0), uid: NODE_USER, found: null, why: "its own user" },
  { own: null, parent: seen(0), uid: 0, found: null, why: "all is root's" },
  { own: null, parent: seen(0), uid: NODE_USER, found: null, why: "as in /tmp" },
  { own: null, parent: null, uid: 0, found: null, why: "nothing is there" },
  { own: seen(0, 2), parent: seen(0), uid: 0, found: "mount-point", why: "a disk of its own" },
  { own: seen(5), parent: seen(5), uid: undefined, found: null, why: "where users have no numbers" },
])("$found for $uid: $why", ({ own, parent, uid, found }) => {
  expect(misfit(own, parent, uid)).toEqual(found);
});
