// The command lines of the coordinators that `fleet init` started, as Linux shows them. A bench starts the same processes
// itself, with other flags, and those of another checkout too: nothing of its code is asked.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { present } from "../../src/core/base/assert.ts";

/** One coordinator as it was started. */
export interface Started {
  readonly name: string;
  /** host:port that clients dial. */
  readonly address: string;
  /** host:port of etcd's API; null = it serves none. */
  readonly etcd: string | null;
  readonly command: string;
  /** Its folder. */
  readonly data: string;
  /** Without --bootstrap: its folder has data. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** The coordinators whose folders are in `directory`, by name; they run. */
export function coordinatorsIn(directory: string): readonly Started[] {
  const found = readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => startedIn(directory, pid) ?? []);
  return found.toSorted((one, other) => one.name.localeCompare(other.name));
}

function startedIn(directory: string, pid: string): Started | null {
  try {
    const [, ...args] = listOf(`/proc/${pid}/cmdline`);
    const flag = (name: string) => args[args.indexOf(name) + 1];
    const data = args.includes("serve") && args.includes("coordinator") ? flag("--data") : undefined;
    if (data?.startsWith(`${directory}/`) !== true) return null;
    return {
      data,
      name: present(flag("--name"), "a coordinator has a name"),
      address: present(flag("--listen"), "a coordinator listens"),
      etcd: args.includes("--etcd-listen") ? (flag("--etcd-listen") ?? null) : null,
      command: readlinkSync(`/proc/${pid}/exe`),
      args: args.filter((arg) => arg !== "--bootstrap"),
      env: Object.fromEntries(listOf(`/proc/${pid}/environ`).map(pairOf)),
    };
  } catch {
    // It has ended, or is another user's.
    return null;
  }
}

const listOf = (file: string): string[] => readFileSync(file, "utf8").split("\0").slice(0, -1);

function pairOf(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
