// The machine's processes, read from the kernel's /proc. Those of other users can't be read, and any may end
// meanwhile: they are skipped. Without /proc nothing is visible.
import { readdir, readFile, readlink } from "node:fs/promises";

export const readOrNothing = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
export const listOrNothing = (path: string): Promise<string[]> => readdir(path).catch(() => []);

export async function processIds(): Promise<number[]> {
  return (await listOrNothing("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** The command line of `pid`; empty when it is gone. */
export async function argumentsOf(pid: number): Promise<string[]> {
  return (await readOrNothing(`/proc/${pid}/cmdline`)).split("\0");
}

/** The process that runs `fleet serve` in `folder` (a real path), or null. */
export async function findServing(folder: string): Promise<number | null> {
  for (const pid of await processIds()) {
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    // A user's shell or editor may be in this folder too.
    if (workingFolder === folder && (await argumentsOf(pid)).includes("serve")) return pid;
  }
  return null;
}
