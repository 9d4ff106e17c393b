// After the tests: the links of ports whose folders are gone (reserved-ports.ts) go too, and the shared folder of links
// once it is empty.

import { access, readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestProject } from "vitest/node";
import { portLinksIn, whileNoneChooses } from "../src/client/processes/port-owners.ts";
import { ifAbsent, isErrno } from "../src/core/base/system-error.ts";

/** For vitest's `globalSetup`: what is called when the tests have ended. */
export default function setup({ config }: TestProject): () => Promise<void> {
  return () => forgetPorts(portLinksIn(config.env));
}

async function forgetPorts(links: string): Promise<void> {
  const names = await readdir(links).catch(ifAbsent([]));
  if (names.length > 0) {
    await whileNoneChooses(links, async () => {
      for (const name of names)
        if (await isGone(join(links, name))) await rm(join(links, name), { force: true });
    });
  }
  for (const folder of [links, dirname(links), dirname(dirname(links))]) await removeIfEmpty(folder);
}

/** Whether the link's target is absent, or the link itself. */
const isGone = (link: string): Promise<boolean> => access(link).then(() => false, ifAbsent(true));

async function removeIfEmpty(folder: string): Promise<void> {
  try {
    await rmdir(folder);
  } catch (error) {
    if (!isErrno(error, "ENOENT", "ENOTEMPTY")) throw error;
  }
}
