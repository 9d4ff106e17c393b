// Which folder owns a port, also while no process listens on it: a stopped fleet will want its ports again. The user's
// state folder has a link for each chosen port, to the folder of the fleet, whose files name the port. A folder that is
// gone, or names the port no longer, owns nothing: so neither a killed command nor a removed folder keeps a port.
// What must stay true: between the lock's turns, each port with an owner is bound by its chooser or named by its folder.
import { access, constants, readdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { createDirectory } from "../../core/base/durable-file.ts";
import { stateFolder } from "../../core/base/state-folder.ts";
import { isErrno, isSystemError } from "../../core/base/system-error.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import { withLock } from "./lock.ts";
import { SystemProcesses } from "./system-processes.ts";

/** Who asks for ports. */
export interface PortOwner {
  /** Where the links are: `portLinksIn`. */
  readonly portLinks: string;
  /** Absolute. A .yaml or .json file in it will name the ports before they are released. */
  readonly folder: string;
}

export const portLinksIn = (env: NodeJS.ProcessEnv): string => join(stateFolder(env), "ports");

const LOCK = "lock";
const linkOf = (links: string, port: number): string => join(links, String(port));

/**
 * Runs `body` while no other process chooses or releases ports. Best effort: where the state folder cannot be written,
 * a port is free again as soon as no process listens on it.
 */
export async function whileNoneChooses<T>(portLinks: string, body: () => Promise<T>): Promise<T> {
  try {
    await createDirectory(portLinks);
    await access(portLinks, constants.W_OK);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return body();
  }
  const deps = { processes: await SystemProcesses.open(), clock: systemWaitClock };
  return withLock(join(portLinks, LOCK), deps, body);
}

/** Whether a folder's files name the port, which was chosen for it. */
export async function isOwned(portLinks: string, port: number): Promise<boolean> {
  const folder = await ownerOf(portLinks, port);
  if (folder === null) return false;
  try {
    const files = (await readdir(folder)).filter((name) => /\.(yaml|json)$/.test(name));
    const texts = await Promise.all(files.map((name) => readFile(join(folder, name), "utf8")));
    return texts.some((text) => new RegExp(`\\b${port}\\b`).test(text));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // One that cannot be read may well name it.
    return !isErrno(error, "ENOENT", "ENOTDIR");
  }
}

/** By the caller of `whileNoneChooses`, which is bound to the port. */
export async function own({ portLinks, folder }: PortOwner, port: number): Promise<void> {
  try {
    await rm(linkOf(portLinks, port), { force: true });
    await symlink(folder, linkOf(portLinks, port));
  } catch (error) {
    if (!isSystemError(error)) throw error;
  }
}

/** Removes the links of all ports that the folder names still: until it is gone, no other can have them. */
export async function disown({ portLinks, folder }: PortOwner): Promise<void> {
  for (const name of await readdir(portLinks).catch(() => [])) {
    const port = Number(name);
    const isOurs = (await ownerOf(portLinks, port)) === folder;
    if (isOurs && (await isOwned(portLinks, port))) await rm(linkOf(portLinks, port), { force: true });
  }
}

async function ownerOf(portLinks: string, port: number): Promise<string | null> {
  try {
    return await readlink(linkOf(portLinks, port));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return null;
  }
}
