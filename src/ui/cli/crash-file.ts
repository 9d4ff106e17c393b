// Where the details of a bug are written: a file in the user's state folder. So the terminal shows one line, and a
// report can still carry the stack. Returns null where it cannot write; a failure to report must not hide the failure.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inspect } from "node:util";
import { printableLines } from "../../core/base/printable.ts";
import { stateFolder } from "../../core/base/state-folder.ts";

/** Writes the error with its causes and the command line; returns the file's path. */
export function writeCrashFile(error: unknown, argv: readonly string[], atMs: number): string | null {
  const folder = stateFolder(process.env);
  const moment = new Date(atMs).toISOString().replaceAll(":", "-");
  const file = join(folder, `crash-${moment}-${process.pid}.txt`);
  try {
    // Node's recursive mkdir would try for ever on a file system that makes no folders.
    const missing: string[] = [];
    for (let at = folder; !existsSync(at); at = dirname(at)) missing.unshift(at);
    for (const at of missing) mkdirSync(at);
    // Read on terminals, and it quotes what a server or a file says.
    const details = `fleet ${argv.join(" ")}\nnode ${process.version}\n${inspect(error, { depth: 4 })}\n`;
    writeFileSync(file, printableLines(details, false), { mode: 0o600 });
    return file;
  } catch {
    return null;
  }
}
