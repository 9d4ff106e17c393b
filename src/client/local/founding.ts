// Whether a fleet is still before its first committed write since `fleet init`. Only then may a node with an
// empty data folder start as a new voter. Later an empty folder is a lost disk. The node would vote again in
// terms in which it has voted already (etcd#10817), so the others must readmit it instead.
import { rm, stat } from "node:fs/promises";
import { syncDirectory } from "../../core/base/durable-file.ts";
import { ifAbsent } from "../../core/base/system-error.ts";
import { foundingPath } from "../files/layout.ts";

export async function isBeingFounded(directory: string): Promise<boolean> {
  return await stat(foundingPath(directory)).then(() => true, ifAbsent(false));
}

/** To be called once a quorum has committed a write: then a quorum of nodes has its data on disk. */
export async function endFounding(directory: string): Promise<void> {
  if (!(await isBeingFounded(directory))) return;
  await rm(foundingPath(directory), { force: true });
  await syncDirectory(directory);
}
