// The machine's processes as the kernel's /proc shows them. Those of other users cannot be read, and any may end
// meanwhile: they are passed over. Where there is no /proc, there is nothing to see.
import { readdir, readFile, readlink } from "node:fs/promises";

export const readOrNothing = (path: string): Promise<string> => readFile(path, "utf8").catch(() => "");
export const listOrNothing = (path: string): Promise<string[]> => readdir(path).catch(() => []);

export async function processIds(): Promise<number[]> {
  return (await listOrNothing("/proc")).filter((entry) => /^\d+$/.test(entry)).map(Number);
}

/** How `pid` was called; empty when it is gone. */
export async function argumentsOf(pid: number): Promise<string[]> {
  return (await readOrNothing(`/proc/${pid}/cmdline`)).split("\0");
}

/** The process that runs `fleet serve` in `folder`, a real path; null when it does not. */
export async function findServing(folder: string): Promise<number | null> {
  for (const pid of await processIds()) {
    const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
    // Somebody's shell or editor may well be in there too.
    if (workingFolder === folder && (await argumentsOf(pid)).includes("serve")) return pid;
  }
  return null;
}
