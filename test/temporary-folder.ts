// The one way in which a test gets a folder of its own.

import { onTestFinished } from "vitest";
import { makeFolder, removeFolder } from "./make-folder.ts";

/** A fresh folder, without links in its path, removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await makeFolder();
  onTestFinished(() => removeFolder(folder));
  return folder;
}
