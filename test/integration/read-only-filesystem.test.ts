// What is to be made on a filesystem that takes nothing, as a sandboxed unit sees all but its own. Mounting one takes
// rights that CI may not have: then this is skipped.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { fillStaging } from "../../src/client/local/staging.ts";
import { planRestore } from "../../src/client/snapshot/plan-restore.ts";
import type { RestoreWish } from "../../src/client/snapshot/restore.ts";
import { createDirectoryDurably } from "../../src/core/base/durable-file.ts";
import { DirectorySnapshotStore } from "../../src/core/export/directory-store.ts";
import { exportSnapshot } from "../../src/core/export/export-snapshot.ts";
import { lacks } from "../lacks.ts";
import { makeFolder, removeFolder } from "../make-folder.ts";
import { fakeWorld } from "../unit/client/local/fakes.ts";
import { captured } from "../unit/export/samples.ts";

const mountPoint = await makeFolder();
const isMounted = tryRun("mount", "-t", "tmpfs", "-o", "ro,size=512k", "tmpfs", mountPoint);
const isLeftOut = lacks("the right to mount", isMounted);
afterAll(async () => {
  if (isMounted) tryRun("umount", mountPoint);
  await removeFolder(mountPoint);
});

test.skipIf(isLeftOut)("what stands in the way is said as it is", async () => {
  await expect(createDirectoryDurably(join(mountPoint, "a", "b"))).rejects.toMatchObject({ code: "EROFS" });
});

test.skipIf(isLeftOut)("no snapshot is kept there, and why is said as it is", async () => {
  for (const place of [mountPoint, join(mountPoint, "below")]) {
    await expect(exportSnapshot(new DirectorySnapshotStore(place), captured(20))).rejects.toMatchObject({
      code: "SNAPSHOT_STORE_FAILED",
      parts: { what: expect.stringContaining("EROFS") },
    });
  }
});

// A dry run goes as far as these plans.
const wish: RestoreWish = {
  ...{ snapshot: { name: "20260101T000000000Z-20", ...captured(20) }, place: "/exports", compared: [] },
  ...{ node: "n1", reason: "" },
};
const plan = async (where: Parameters<typeof planRestore>[1]) =>
  planRestore(wish, where, (await fakeWorld()).deps);

test.skipIf(isLeftOut)("a restore to a node's folder is refused before anybody is asked", async () => {
  await expect(plan({ data: join(mountPoint, "n1", "data"), address: "" })).rejects.toMatchObject({
    code: "NOT_WRITABLE",
    parts: { what: expect.stringContaining(`cannot write in ${join(mountPoint, "n1")}: EROFS`) },
  });
});

test.skipIf(isLeftOut)("a restore to a new fleet is refused before anybody is asked", async () => {
  const refused = plan({ directory: join(mountPoint, "new", ".fleet"), name: undefined });
  await expect(refused).rejects.toMatchObject({ code: "FOLDER_UNUSABLE" });
});

test.skipIf(isLeftOut)(
  "a restore into a fleet that is there is refused before anybody is asked",
  async () => {
    const file = {
      ...{ name: "local", clusterId: wish.snapshot.manifest.clusterId, profile: "lan" as const },
      ...{ nodes: [{ id: 1, name: "n1", address: "127.0.0.1:7001" }], shards: [], clusters: [] },
    };
    tryRun("mount", "-o", "remount,rw", mountPoint);
    const directory = join(mountPoint, ".fleet");
    await fillStaging(directory, file);
    tryRun("mount", "-o", "remount,ro", mountPoint);
    await expect(plan({ directory, name: undefined })).rejects.toMatchObject({ code: "NOT_WRITABLE" });
  },
);

function tryRun(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
