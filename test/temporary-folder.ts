// The one way in which a test gets a folder of its own.

import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A fresh folder, without links in its path, removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "fleet-test-")));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
