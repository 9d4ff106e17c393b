// The replica in this process: who it is, kept in `replica.json` beside its data folder, and how it runs. What must stay
// true: its data are bootstrapped once. A data folder that is empty later was lost, and the replica refuses to start.

import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isAddress } from "../../core/base/address.ts";
import { present } from "../../core/base/assert.ts";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import { nodeId } from "../../core/base/ids.ts";
import { silentLog } from "../../core/base/log.ts";
import { readOwnJson } from "../../core/base/own-files.ts";
import { ifAbsent } from "../../core/base/system-error.ts";
import type { CoordinatorOptions } from "../../core/coordinator/coordinator-options.ts";
import { portLinksIn } from "../processes/port-owners.ts";
import { holdFreePorts } from "../processes/ports.ts";
import type { Place, Serve } from "./coordinator.ts";
import { unusable } from "./errors.ts";

interface OwnIdentity {
  readonly clusterId: string;
  readonly clusterName: string;
  readonly id: number;
  readonly name: string;
  readonly address: string;
  /** False until the first start has succeeded: an empty data folder is bootstrapped. */
  readonly isFounded: boolean;
}

const FILE = "replica.json";
const SUSPECT_AFTER_MS = 30_000;
const DEAD_AFTER_MS = 60_000;

export interface OwnReplica {
  readonly options: Omit<CoordinatorOptions, "onFatal">;
  readonly isNew: boolean;
}

export async function ownReplica(directory: string, { address, serve }: Place): Promise<OwnReplica> {
  const folder = resolve(directory);
  const own = (await readOwn(folder)) ?? (await bootstrap(folder, address));
  const { clusterId, clusterName, isFounded } = own;
  const self = nodeId(own.id);
  const options = {
    ...{ self, clusterId, clusterName },
    replicas: [{ id: self, name: own.name, address: own.address }],
    ...portsOf(own, serve),
    dataDirectory: join(folder, "data"),
    bootstrap: !isFounded,
    groups: 0,
    profile: "lan" as const,
    snapshotEvery: 10_000,
    snapshotBytesPerSecond: 64 * 1024 * 1024,
    auditExportEvery: 1_000,
    snapshotExports: null,
    liveness: { suspectAfterMs: SUSPECT_AFTER_MS, deadAfterMs: DEAD_AFTER_MS },
    version: packageVersion(),
    metricsAddress: "",
    log: silentLog,
  };
  return { options, isNew: !isFounded };
}

/** To be called when a write was committed: from now on an empty data folder is a lost one. */
export async function endFounding(directory: string): Promise<void> {
  const folder = resolve(directory);
  const own = await readOwn(folder);
  if (own !== null) await writeOwn(folder, { ...own, isFounded: true });
}

function portsOf(
  { address }: OwnIdentity,
  serve: Serve | undefined,
): Pick<CoordinatorOptions, "listen" | "etcd" | "tls"> {
  if (serve === undefined) return { listen: null, etcd: null, tls: "insecure-loopback" };
  const { listen = address, etcdListen, tls } = serve;
  const isPlaintext = tls === "insecure-loopback";
  return { listen, etcd: etcdListen === undefined ? null : { listen: etcdListen, isPlaintext }, tls };
}

async function bootstrap(folder: string, address: string | undefined): Promise<OwnIdentity> {
  if (address !== undefined && !isAddress(address)) {
    throw unusable(
      `${address} is not an address`,
      "give host:port, under which other replicas will reach this one",
    );
  }
  const own = {
    ...{ clusterId: randomUUID(), clusterName: "embedded", id: 1, name: "n1", isFounded: false },
  };
  await createDirectoryDurably(folder);
  if (address !== undefined) return written(folder, { ...own, address });
  const held = await holdFreePorts(1, { portLinks: portLinksIn(process.env), folder });
  try {
    return await written(folder, { ...own, address: present(held.addresses[0], "a port is held") });
  } finally {
    await held.release();
  }
}

async function written(folder: string, own: OwnIdentity): Promise<OwnIdentity> {
  await writeOwn(folder, own);
  return own;
}

async function readOwn(folder: string): Promise<OwnIdentity | null> {
  const path = join(folder, FILE);
  const text = await readFile(path, "utf8").catch(ifAbsent(null));
  if (text === null) return null;
  const own = parseOwn(text);
  if (own === null) {
    throw unusable(
      `${path} does not say which replica this folder has`,
      "put the file back from a copy of the folder",
    );
  }
  return own;
}

function parseOwn(text: string): OwnIdentity | null {
  try {
    const own = JSON.parse(text) as Partial<OwnIdentity>;
    const { clusterId, clusterName, id, name, address, isFounded } = own;
    const texts = [clusterId, clusterName, name, address].every((each) => typeof each === "string");
    return texts && typeof id === "number" && typeof isFounded === "boolean" ? (own as OwnIdentity) : null;
  } catch {
    return null;
  }
}

const writeOwn = (folder: string, own: OwnIdentity): Promise<void> =>
  writeFileDurably(join(folder, FILE), Buffer.from(`${JSON.stringify(own, null, 2)}\n`));

function packageVersion(): string {
  return (readOwnJson("package.json") as { readonly version: string }).version;
}
