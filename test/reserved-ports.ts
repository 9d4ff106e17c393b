// Ports of servers that a test stops and starts again: no other test's fleet gets them meanwhile. All tests of a machine
// share one folder of links, as all local fleets of an operator do (src/client/processes/port-owners.ts).

import { randomUUID } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { portLinksIn } from "../src/client/processes/port-owners.ts";
import { holdFreePorts } from "../src/client/processes/ports.ts";

/** Addresses whose ports belong to `folder` until it is removed. */
export async function reservePorts(folder: string, count: number): Promise<readonly string[]> {
  const held = await holdFreePorts(count, { portLinks: portLinksIn(process.env), folder });
  await writeFile(join(folder, `ports-${randomUUID()}.json`), JSON.stringify(held.addresses));
  await held.release();
  return held.addresses;
}

/** `fleet` with this HOME chooses no port that a fleet of another test owns. */
export async function shareReservations(home: string): Promise<void> {
  const links = portLinksIn(process.env);
  await mkdir(links, { recursive: true });
  const own = portLinksIn({ HOME: home });
  await mkdir(dirname(own), { recursive: true });
  await symlink(links, own);
}
