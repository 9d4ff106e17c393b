// Files that name a process by its identity: the pid file of a background process, and locks. A file that
// can't be parsed names no process, and is never a reason to signal one.
import { readFile } from "node:fs/promises";
import { ifNoPath } from "../../core/base/system-error.ts";
import type { ProcessIdentity } from "./processes.ts";

/** The contents of a pid file. */
export function formatPidFile(identity: ProcessIdentity): string {
  return `${JSON.stringify({ pid: identity.pid, startTime: identity.startTime })}\n`;
}

export type PidFile =
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable" }
  | { readonly kind: "names"; readonly identity: ProcessIdentity };

/** Reads the file at `path`. */
export async function readPidFile(path: string): Promise<PidFile> {
  const text = await readFile(path, "utf8").catch(ifNoPath(null));
  return text === null ? { kind: "absent" } : parsePidFile(text);
}

function parsePidFile(text: string): PidFile {
  const parsed = parseJson(text);
  if (typeof parsed !== "object" || parsed === null) return { kind: "unreadable" };
  if (!("pid" in parsed) || !("startTime" in parsed)) return { kind: "unreadable" };
  const { pid, startTime } = parsed;
  if (typeof pid !== "number" || !Number.isSafeInteger(pid) || pid <= 1) return { kind: "unreadable" };
  if (typeof startTime !== "string" || startTime === "") return { kind: "unreadable" };
  return { kind: "names", identity: { pid, startTime } };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
