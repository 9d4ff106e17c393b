// Makes a new local fleet: ports, staging folder, and the rename that commits it. What must stay true: before
// the rename nothing exists under the fleet's own name, and of two concurrent makers one wins. The folder
// appears with the winner's lock in it, so that only its maker can start the fleet.
import { randomBytes, randomUUID } from "node:crypto";
import { rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { present } from "../../core/base/assert.ts";
import { syncDirectory } from "../../core/base/durable-file.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { KeySource } from "../../core/seal/key-source.ts";
import { issueFor } from "../cert/holders.ts";
import type { EngineEntry, FleetFile, Profile } from "../files/fleet-file.ts";
import { makeStagingFolder } from "../files/fleet-folder.ts";
import { lockPath, machinesFileOf } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { releaseLock, writeHeldLock } from "../processes/lock.ts";
import { holdFreePorts, portOf } from "../processes/ports.ts";
import type { LocalDeps } from "./deps.ts";
import { fillStaging } from "./staging.ts";
import { type Started, startFleet } from "./start-fleet.ts";

/** The properties of a new fleet. */
export interface NewFleet {
  readonly name: string;
  readonly nodes: number;
  readonly shards: number;
  readonly clusters: number;
  readonly profile: Profile;
  /** Where the leader exports snapshots to; null = nowhere. */
  readonly snapshotTo: string | null;
  /** The text of each shard's first machines file; null = no shard has machines. */
  readonly machines: string | null;
  /** Encrypts the coordinators' data folders; null = they are plain. */
  readonly encryption: KeySource | null;
  /** Each kind of identity has an authority of its own. */
  readonly separateAuthorities: boolean;
  /** All coordinators run in one process. */
  readonly inProcess: boolean;
  /** Null: Raft among the coordinators. */
  readonly engine: EngineEntry | null;
}

export type Made =
  | { readonly kind: "made"; readonly fleet: LocalFleet; readonly started: Started }
  /** Another file or folder appeared in that place meanwhile. */
  | { readonly kind: "overtaken" };

/** Makes and starts the fleet in `directory`, which is absent or empty. */
export async function makeFleet(directory: string, wanted: NewFleet, deps: LocalDeps): Promise<Made> {
  // Each process has a port for its peers and one for its metrics; agents have only the latter. A node also serves
  // etcd's API.
  const owner = { portLinks: deps.portLinks, folder: directory };
  const ports = await holdFreePorts(3 * wanted.nodes + 2 * wanted.shards + 1, owner);
  try {
    const file = composeFleetFile(wanted, ports.addresses);
    deps.onProgress(`making certificates and configuration in ${directory}`);
    const fill = (staging: string) =>
      fillStaging(staging, file, { machines: wanted.machines, issue: issueFor });
    if (!(await placeFleet(directory, fill, deps))) return { kind: "overtaken" };
    try {
      await ports.release();
      const fleet = await loadLocalFleet(directory);
      return { kind: "made", fleet, started: await startFleet(fleet, deps) };
    } finally {
      await releaseLock(lockPath(directory));
    }
  } finally {
    await ports.release();
  }
}

/**
 * Stages the fleet and renames it into place, locked. False when the place has been taken; then nothing is
 * left.
 */
export async function placeFleet(
  directory: string,
  fill: (staging: string) => Promise<void>,
  deps: Pick<LocalDeps, "processes">,
): Promise<boolean> {
  const { pid } = await deps.processes.self();
  const staging = await makeStagingFolder(directory, `${pid}-${randomBytes(3).toString("hex")}`);
  try {
    await writeHeldLock(lockPath(staging), deps.processes);
    await fill(staging);
    // rename(2) replaces only an empty folder: this is the commit point.
    await rename(staging, directory);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (isErrno(error, "ENOTEMPTY", "EEXIST", "ENOTDIR")) return false;
    throw error;
  }
  await syncDirectory(dirname(directory));
  return true;
}

/** Nodes n1, n2, …, shards s1, s2, …, clusters c1, c2, …; addresses are assigned in this order. */
function composeFleetFile(wanted: NewFleet, addresses: readonly string[]): FleetFile {
  const left = [...addresses];
  const ports = () => ({
    address: present(left.shift(), "a port is held for each process"),
    metricsPort: portOf(present(left.shift(), "a port is held for the metrics of each process")),
  });
  const etcdPort = () => portOf(present(left.shift(), "a port is held for etcd's API of each node"));
  // With an etcd cluster there is no key space of the fleet's own.
  const ownKeys = () => (wanted.engine === null ? { etcdPort: etcdPort() } : {});
  return {
    name: wanted.name,
    clusterId: randomUUID(),
    profile: wanted.profile,
    ...(wanted.engine === null ? {} : { engine: wanted.engine }),
    ...(wanted.snapshotTo === null ? {} : { snapshots: { to: wanted.snapshotTo } }),
    ...(wanted.encryption === null ? {} : { encryption: { source: wanted.encryption } }),
    ...(wanted.separateAuthorities ? { authorities: "separate" as const } : {}),
    // A fleet on one machine is for trying things out, including faults.
    faults: "allowed",
    ...(wanted.inProcess ? { inProcess: true as const } : {}),
    nodes: numbers(wanted.nodes).map((id) => ({ id, name: `n${id}`, ...ports(), ...ownKeys() })),
    shards: numbers(wanted.shards).map((number) => {
      const id = `s${number}`;
      const machines = wanted.machines === null ? {} : { machines: machinesFileOf(id) };
      return { id, ...ports(), ...machines };
    }),
    clusters: numbers(wanted.clusters).map((number) => `c${number}`),
    agentsMetricsPort: portOf(present(left.shift(), "a port is held for the metrics of the agents")),
  };
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);
