// The background processes of a local fleet and how each is started: pure, from fleet.yaml alone. Paths are
// absolute and computed from the folder's present place, so that a stopped fleet can be moved.
import { resolve } from "node:path";
import { AUTHORITY_KINDS, type AuthorityKind } from "../../core/wire/tls/authorities.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";
import { portOf } from "../processes/ports.ts";
import { PROCESS_MEMORY, type ProcessRole } from "../processes/process-memory.ts";
import type { Launch } from "../processes/processes.ts";
import { etcdAddress } from "./entry-fields.ts";
import type { FleetFile, NodeEntry } from "./fleet-file.ts";
import {
  AGENTS_PROCESS,
  agentsFilePath,
  certsFolder,
  clusterCertsFolder,
  holderTls,
  kindAuthorityFilesIn,
  type ProcessFiles,
  processFiles,
} from "./layout.ts";
import type { ShardEntry } from "./shard-entry.ts";

export interface ProcessPlan {
  readonly name: string;
  readonly role: ProcessRole;
  /** Its listen address; null for a process that only dials. */
  readonly address: string | null;
  /** The address of its metrics; null when it exposes none. */
  readonly metrics: string | null;
  /** The address of etcd's API; null when it serves none. */
  readonly etcd: string | null;
  readonly files: ProcessFiles;
  /** Arguments of `fleet`. */
  readonly args: readonly string[];
  /** The fleet's folder, if all coordinators run in one process; null = this one has a process of its own. */
  readonly sharedIn: string | null;
}

/** What background processes run: the `fleet` program by a Node binary, or one executable that is both (null). */
export interface Program {
  readonly node: string;
  readonly fleet: string | null;
}

/** Every process of the fleet in `directory`, coordinators first. */
export function planProcesses(directory: string, fleet: FleetFile): ProcessPlan[] {
  return [
    ...fleet.nodes.map((node) => planNode(directory, fleet, node)),
    ...fleet.shards.map((shard) => planShard(directory, fleet, shard)),
    ...(fleet.clusters.length > 0 ? [planAgents(directory, fleet)] : []),
  ];
}

/** All ports of the processes. */
export function portsOf(plans: readonly ProcessPlan[]): number[] {
  const addresses = plans.flatMap(({ address, metrics, etcd }) => [address, metrics, etcd]);
  return addresses.flatMap((address) => (address === null ? [] : [portOf(address)]));
}

/**
 * How to start `plan` with `program`. An empty data folder may mean a new node only until the fleet's first
 * committed write.
 */
export function launchOf(plan: ProcessPlan, program: Program, isFounding: boolean): Launch {
  const { nodeFlags, environment } = PROCESS_MEMORY[plan.role];
  const founding = isFounding && plan.role === "coordinator" ? ["--bootstrap"] : [];
  const served = plan.sharedIn === null ? plan.args : ["serve", "nodes", "--fleet-dir", plan.sharedIn];
  return {
    command: program.node,
    args: [...(program.fleet === null ? [] : [...nodeFlags, program.fleet]), ...served, ...founding],
    // The executable's own arguments are all fleet's.
    environment: { ...environment, ...(program.fleet === null && { NODE_OPTIONS: nodeFlags.join(" ") }) },
    cwd: plan.files.folder,
    logFile: plan.files.log,
  };
}

function planNode(directory: string, fleet: FleetFile, node: NodeEntry): ProcessPlan {
  const files = processFiles(directory, node.name);
  return {
    name: node.name,
    role: "coordinator",
    address: node.address,
    metrics: metricsAddress(node.metricsPort),
    etcd: etcdAddress(node),
    sharedIn: fleet.inProcess === true ? directory : null,
    files,
    args: [
      ...["serve", "coordinator", "--id", String(node.id), "--name", node.name],
      ...["--fleet", fleet.name, "--cluster-id", fleet.clusterId],
      ...["--listen", node.address, "--peers", fleet.nodes.map(formatPeer).join(",")],
      ...["--data", files.data, ...tlsFlags(holderTls(directory, node.name))],
      ...authorityArguments(directory, fleet, AUTHORITY_KINDS),
      ...[
        "--profile",
        fleet.profile,
        ...snapshotFlags(fleet),
        ...livenessFlags(fleet),
        ...encryptionArguments(fleet),
        ...(fleet.faults === undefined ? [] : ["--allow-faults"]),
        ...metricsFlags(node.metricsPort),
        ...etcdFlags(node),
        ...engineArguments(fleet),
      ],
    ],
  };
}

function planShard(directory: string, fleet: FleetFile, shard: ShardEntry): ProcessPlan {
  const files = processFiles(directory, shard.id);
  return {
    name: shard.id,
    role: "shard",
    address: shard.address,
    metrics: metricsAddress(shard.metricsPort),
    etcd: null,
    sharedIn: null,
    files,
    args: [
      ...["serve", "shard", "--id", shard.id, "--listen", shard.address],
      ...["--coordinators", fleet.nodes.map((node) => node.address).join(",")],
      ...["--data", files.data, ...tlsFlags(holderTls(directory, shard.id))],
      ...authorityArguments(directory, fleet, AUTHORITY_KINDS),
      ...[...machineFlags(directory, shard), ...metricsFlags(shard.metricsPort)],
    ],
  };
}

function planAgents(directory: string, fleet: FleetFile): ProcessPlan {
  const { agentsMetricsPort } = fleet;
  return {
    name: AGENTS_PROCESS,
    role: "agents",
    address: null,
    metrics: metricsAddress(agentsMetricsPort),
    etcd: null,
    sharedIn: null,
    files: processFiles(directory, AGENTS_PROCESS),
    args: [
      ...["serve", "agents", "--file", agentsFilePath(directory)],
      ...["--certs", clusterCertsFolder(directory), ...metricsFlags(agentsMetricsPort)],
      ...authorityArguments(directory, fleet, ["shard", "agent"]),
    ],
  };
}

const metricsAddress = (port: number | undefined): string | null =>
  port === undefined ? null : `127.0.0.1:${port}`;

function metricsFlags(port: number | undefined): string[] {
  const address = metricsAddress(port);
  return address === null ? [] : ["--metrics", address];
}

function etcdFlags(node: NodeEntry): string[] {
  const address = etcdAddress(node);
  return address === null ? [] : ["--etcd-listen", address];
}

function engineArguments({ engine }: FleetFile): string[] {
  if (engine === undefined) return [];
  const { etcd, prefix, ca, cert, key } = engine;
  const files = Object.entries({ ca, cert, key }).flatMap(([name, path]) =>
    path === undefined ? [] : [`--etcd-${name}`, path],
  );
  return ["--engine", "etcd", "--etcd", etcd.join(","), "--etcd-prefix", prefix, ...files];
}

function machineFlags(directory: string, { machines, region, cycleSeconds }: ShardEntry): string[] {
  return [
    ...(machines === undefined ? [] : ["--machines", resolve(directory, machines)]),
    ...(region === undefined ? [] : ["--region", region]),
    ...(cycleSeconds === undefined ? [] : ["--cycle", `${cycleSeconds}s`]),
  ];
}

function snapshotFlags({ snapshots }: FleetFile): string[] {
  if (snapshots === undefined) return [];
  const { to, everySeconds, keep } = snapshots;
  return [
    ...["--snapshot-to", to],
    ...(everySeconds === undefined ? [] : ["--snapshot-interval", `${everySeconds}s`]),
    ...(keep === undefined ? [] : ["--snapshot-keep", String(keep)]),
  ];
}

function livenessFlags({ liveness }: FleetFile): string[] {
  if (liveness === undefined) return [];
  const { suspectAfterSeconds, deadAfterSeconds } = liveness;
  return ["--suspect-after", `${suspectAfterSeconds}s`, "--dead-after", `${deadAfterSeconds}s`];
}

function encryptionArguments({ encryption }: FleetFile): string[] {
  if (encryption === undefined) return [];
  const { source, existing } = encryption;
  const key =
    source.kind === "file"
      ? ["--encryption-key-file", source.path]
      : ["--encryption-key-command", source.command];
  return existing === undefined ? key : [...key, "--encrypt-existing"];
}

const formatPeer = (node: NodeEntry): string => `${node.id}=${node.name}@${node.address}`;

function authorityArguments(
  directory: string,
  { authorities }: FleetFile,
  kinds: readonly AuthorityKind[],
): string[] {
  if (authorities === undefined) return [];
  return kinds.flatMap((kind) => [`--${kind}-ca`, kindAuthorityFilesIn(certsFolder(directory), kind).cert]);
}

const tlsFlags = (tls: TlsFiles): string[] => ["--ca", tls.ca, "--cert", tls.cert, "--key", tls.key];
