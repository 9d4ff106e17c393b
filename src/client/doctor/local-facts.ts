// The facts of this machine about a local fleet: processes, their limits, disks, keys and certificates.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { diskRoom } from "../../core/base/disk-files.ts";
import type { DiskRoom } from "../../core/base/disk-room.ts";
import type { CertificateView } from "../cert/inventory.ts";
import { listCertificates } from "../cert/inventory.ts";
import { findCutOff } from "../files/cut-off-shards.ts";
import { certsFolder, clusterCertsFolder } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { readPidFile } from "../processes/pid-file.ts";
import { isAlive } from "../processes/processes.ts";
import { SystemProcesses } from "../processes/system-processes.ts";

interface ProcessFacts {
  readonly name: string;
  readonly running: boolean;
  /** Files that it may have open; null when it does not run, or /proc does not say. */
  readonly openFilesMax: number | null;
}

interface DiskFacts extends DiskRoom {
  readonly folder: string;
}

interface KeyFacts {
  readonly file: string;
  /** The permission bits, as in 0o600. */
  readonly mode: number;
}

export interface LocalFacts {
  readonly processes: readonly ProcessFacts[];
  /** One for each file system with data folders. */
  readonly disks: readonly DiskFacts[];
  readonly keys: readonly KeyFacts[];
  readonly certificates: readonly CertificateView[];
  /** Running shards all of whose coordinators have left, with those. */
  readonly cutOff: readonly { readonly name: string; readonly coordinators: readonly string[] }[];
}

/** Only reads. Files that disappear meanwhile are skipped. */
export async function localFacts(fleet: LocalFleet, nowMs: number): Promise<LocalFacts> {
  const [processes, disks, keys, { certificates }, cutOff] = await Promise.all([
    Promise.all(fleet.processes.map(({ name, files }) => processFacts(name, files.pid))),
    diskFacts(fleet.processes.map(({ files }) => files.folder)),
    keyFacts([certsFolder(fleet.directory), clusterCertsFolder(fleet.directory)]),
    listCertificates(fleet, nowMs),
    findCutOff(fleet, await SystemProcesses.open()),
  ]);
  const shards = cutOff.map(({ plan, coordinators }) => ({ name: plan.name, coordinators }));
  return { processes, disks, keys, certificates, cutOff: shards };
}

async function processFacts(name: string, pidPath: string): Promise<ProcessFacts> {
  const file = await readPidFile(pidPath);
  if (file.kind !== "names" || !(await isAlive(file.identity, await SystemProcesses.open()))) {
    return { name, running: false, openFilesMax: null };
  }
  const limits = await readFile(`/proc/${file.identity.pid}/limits`, "utf8").catch(() => "");
  const max = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return { name, running: true, openFilesMax: max === undefined ? null : Number(max) };
}

async function diskFacts(folders: readonly string[]): Promise<DiskFacts[]> {
  const byDevice = new Map<number, DiskFacts>();
  for (const folder of folders) {
    const [entry, room] = await Promise.all([
      stat(folder).catch(() => null),
      diskRoom(folder).catch(() => null),
    ]);
    if (entry === null || room === null || byDevice.has(entry.dev)) continue;
    byDevice.set(entry.dev, { folder, ...room });
  }
  return [...byDevice.values()];
}

async function keyFacts(folders: readonly string[]): Promise<KeyFacts[]> {
  const lists = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(folder).catch(() => []);
      return names.filter((name) => name.endsWith(".key")).map((name) => join(folder, name));
    }),
  );
  const facts = await Promise.all(
    lists.flat().map(async (file) => {
      const entry = await stat(file).catch(() => null);
      return entry === null ? [] : [{ file, mode: entry.mode & 0o777 }];
    }),
  );
  return facts.flat();
}
