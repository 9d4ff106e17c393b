// A folder that is to be made on a filesystem that takes nothing, as a sandboxed unit sees all but its own. Mounting one
// takes rights that CI may not have: then this is skipped.

import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { createDirectoryDurably } from "../../src/core/base/durable-file.ts";

const mountPoint = mkdtempSync(join(tmpdir(), "fleet-read-only-"));
const isMounted = tryRun("mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", mountPoint);
afterAll(() => {
  if (isMounted) tryRun("umount", mountPoint);
  rmSync(mountPoint, { recursive: true, force: true });
});

test.skipIf(!isMounted)("what stands in the way is said as it is", async () => {
  await expect(createDirectoryDurably(join(mountPoint, "a", "b"))).rejects.toMatchObject({ code: "EROFS" });
});

function tryRun(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
