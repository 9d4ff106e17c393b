// Where the folders of all tests and their scripts come from: one place, so that no test makes or removes them in another way.

import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A fresh folder, without links in its path. The maker removes it: a test takes `temporaryFolder` instead. */
export async function makeFolder(within = tmpdir()): Promise<string> {
  return realpath(await mkdtemp(join(within, "fleet-test-")));
}

export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true });
}
