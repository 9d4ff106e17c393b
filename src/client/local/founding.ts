// Whether a fleet is still being founded: from `fleet init` until its first committed write. Only then may a node
// with an empty data folder start as a new voter. Afterwards an empty folder is a lost disk: the node would vote
// again in terms in which it has voted already (etcd#10817), so it has to be taken in by the others instead.
import { rm, stat } from "node:fs/promises";
import { syncDirectory } from "../../core/base/durable-file.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { foundingPath } from "../files/layout.ts";

export async function isBeingFounded(directory: string): Promise<boolean> {
  try {
    await stat(foundingPath(directory));
    return true;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

/** To be called once a quorum has committed a write: a quorum of nodes is then founded on disk. */
export async function endFounding(directory: string): Promise<void> {
  if (!(await isBeingFounded(directory))) return;
  await rm(foundingPath(directory), { force: true });
  await syncDirectory(directory);
}
