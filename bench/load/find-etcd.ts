// The etcd to compare with: the one on the PATH, else Debian's package, installed when this process may do so.

import { execFileSync } from "node:child_process";

export interface Etcd {
  readonly command: string;
  /** As it says itself, for example "3.4.23". */
  readonly version: string;
}

/** Null when there is none and none could be installed; says so in one line. */
export function findEtcd(mayInstall = true): Etcd | null {
  const found = ask();
  if (found !== null) return found;
  if (mayInstall && process.getuid?.() === 0 && output("apt-get", "--version") !== null) {
    console.error("etcd is absent: installs Debian's etcd-server");
    output("apt-get", "install", "-y", "etcd-server");
    // Debian starts a service with the package; the benchmark brings its own processes.
    output("systemctl", "disable", "--now", "etcd");
    const installed = ask();
    if (installed !== null) return installed;
  }
  console.error("etcd is absent and cannot be installed here: measures fleet alone");
  return null;
}

function ask(): Etcd | null {
  const said = output("etcd", "--version");
  const [, version] = /^etcd Version: (\S+)/m.exec(said ?? "") ?? [];
  return version === undefined ? null : { command: "etcd", version };
}

function output(command: string, ...args: readonly string[]): string | null {
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
    return execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], env });
  } catch {
    return null;
  }
}
