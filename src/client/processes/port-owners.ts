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
  let outcome: Promise<T> | null = null;
  const begin = (): Promise<T> => {
    outcome = body();
    return outcome;
  };
  try {
    return await withLock(join(portLinks, LOCK), deps, begin);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    // The lock's own error, as on a full disk; an error of the body is its outcome again.
    return outcome ?? body();
  }
}

/**
 * Makes the folder the owner of ports that its files name: it has been moved, or is of a build that made no links. A port
 * that another folder names too stays that one's.
 */
export async function ownNamed(owner: PortOwner, ports: readonly number[]): Promise<void> {
  const lacking = await lackingOf(owner, ports);
  if (lacking.length === 0) return;
  await whileNoneChooses(owner.portLinks, async () => {
    for (const port of lacking) if (!(await isOwned(owner.portLinks, port))) await own(owner, port);
  });
}

async function lackingOf({ portLinks, folder }: PortOwner, ports: readonly number[]): Promise<number[]> {
  const owners = await Promise.all(ports.map((port) => ownerOf(portLinks, port)));
  return ports.filter((_, at) => owners[at] !== folder);
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

/**
 * Removes the links of the ports that the folder names still: until it is gone, no other can have them. Of all its ports,
 * or of `only` these.
 */
export async function disown({ portLinks, folder }: PortOwner, only?: readonly number[]): Promise<void> {
  for (const name of await readdir(portLinks).catch(() => [])) {
    const port = Number(name);
    if (only?.includes(port) === false) continue;
    const isOurs = (await ownerOf(portLinks, port)) === folder;
    if (isOurs && (await isOwned(portLinks, port))) await release(portLinks, port);
  }
}

/** Where the links cannot be removed, they own nothing as soon as the folder is gone. */
async function release(portLinks: string, port: number): Promise<void> {
  try {
    await rm(linkOf(portLinks, port), { force: true });
  } catch (error) {
    if (!isSystemError(error)) throw error;
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
