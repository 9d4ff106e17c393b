// fleet.yaml: the members of a local fleet. This file makes a folder a fleet: `fleet init` writes it when
// everything else is in place, and afterwards only its nodes change. Absent: full paths of its own files, so
// that a stopped fleet's folder can be moved; and the shard that a cluster dials (agents.yaml).
import { isAbsolute } from "node:path";
import { isMap, isSeq, parseDocument, stringify } from "yaml";
import { assert } from "../../core/base/assert.ts";
import type { KeySource } from "../../core/seal/key-source.ts";
import { ConfigReader } from "./config-reader.ts";
import { etcdAddress, parseEtcdPort, parseFree, parseMetricsPort } from "./entry-fields.ts";
import { RESERVED_CLUSTER_NAMES, RESERVED_PROCESS_NAMES } from "./layout.ts";
import { parseShard, type ShardEntry } from "./shard-entry.ts";

const SCHEMA_VERSION = 1;
const NODE_ID_MAX = 65_535;
const DAY_SECONDS = 86_400;
const SNAPSHOTS_MAX = 10_000;

const PROFILES = ["lan", "wan"] as const;
/** The coordinators' timings: heartbeat 50 ms and election 300–600 ms, or 500 ms and ≤ 5 s. */
export type Profile = (typeof PROFILES)[number];

export interface NodeEntry {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  /** On 127.0.0.1; absent in the file of an older fleet, whose processes expose no metrics. */
  readonly metricsPort?: number;
  /** On the host of `address`; absent in the file of an older fleet, whose nodes do not serve etcd's API. */
  readonly etcdPort?: number;
}

/** Where the leader exports snapshots to; absent fields mean the coordinator's defaults. */
interface SnapshotEntry {
  /** A full path, or s3://bucket/prefix. */
  readonly to: string;
  readonly everySeconds?: number;
  readonly keep?: number;
}

/** After how long without a report a shard is suspect, and dead; absent = the coordinator's defaults. */
interface LivenessEntry {
  readonly suspectAfterSeconds: number;
  readonly deadAfterSeconds: number;
}

/** The source of the key that encrypts the coordinators' data folders. */
interface EncryptionEntry {
  /** A file's path is a full one. */
  readonly source: KeySource;
  /** Whether plain data folders may be encrypted in place. */
  readonly existing?: true;
}

/** The etcd cluster that replicates the fleet's log. */
export interface EngineEntry {
  /** host:port of its members. */
  readonly etcd: readonly string[];
  /** All keys of the fleet begin with it. */
  readonly prefix: string;
  /** Full paths. Absent: its ports are plaintext, which is allowed on loopback only. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

export interface FleetFile {
  readonly name: string;
  /** Distinguishes this fleet from every other, so that no node ever joins the wrong one. */
  readonly clusterId: string;
  readonly profile: Profile;
  /** Absent: Raft among the coordinators. */
  readonly engine?: EngineEntry;
  readonly snapshots?: SnapshotEntry;
  readonly liveness?: LivenessEntry;
  readonly encryption?: EncryptionEntry;
  /** Peers, shards, agents and operators have an authority each; absent = one for all (ADR-0027). */
  readonly authorities?: "separate";
  /** Whether drills may make faults inside its coordinators; absent = they may not. */
  readonly faults?: "allowed";
  readonly nodes: readonly NodeEntry[];
  readonly shards: readonly ShardEntry[];
  /** Clusters whose agents run here. */
  readonly clusters: readonly string[];
  /** For the process that runs these agents. */
  readonly agentsMetricsPort?: number;
}

/** Parses the contents of `file`. Throws CONFIG_INVALID naming the file and the path inside it. */
export function parseFleetFile(file: string, text: string): FleetFile {
  const root = ConfigReader.parse(file, text);
  root.field("schemaVersion").integer(SCHEMA_VERSION, SCHEMA_VERSION);
  const snapshots = root.field("snapshots").optional(parseSnapshots);
  const liveness = root.field("liveness").optional(parseLiveness);
  const encryption = root.field("encryption").optional(parseEncryption);
  const authorities = root.field("authorities").optional((value) => value.oneOf(["separate"] as const));
  const faults = root.field("faults").optional((value) => value.oneOf(["allowed"] as const));
  const engine = root.field("engine").optional(parseEngine);
  const parsed = {
    ...(engine === undefined ? {} : { engine }),
    ...(faults === undefined ? {} : { faults }),
    ...(encryption === undefined ? {} : { encryption }),
    ...(authorities === undefined ? {} : { authorities }),
    ...(snapshots === undefined ? {} : { snapshots }),
    ...(liveness === undefined ? {} : { liveness }),
    name: root.field("name").name(),
    clusterId: root.field("clusterId").string(),
    profile: root.field("profile").optional((value) => value.oneOf(PROFILES)) ?? "lan",
    nodes: root.field("nodes").items().map(parseNode),
    shards: root.field("shards").optional((value) => value.items().map(parseShard)) ?? [],
    clusters: root.field("agents").optional(parseClusters) ?? [],
    ...agentsMetricsPort(root.field("agents").optional(parseMetricsPort)),
  };
  if (parsed.nodes.length === 0) throw root.field("nodes").wrong("a list of at least one node");
  const processes = [...parsed.nodes, ...parsed.shards];
  refuseRepeats(
    root.field("nodes"),
    "id",
    parsed.nodes.map((node) => String(node.id)),
  );
  refuseRepeats(
    root,
    "name",
    processes.map((process) => ("name" in process ? process.name : process.id)),
  );
  refuseRepeats(root.field("agents"), "cluster", parsed.clusters);
  const metricsPorts = [...processes.map((process) => process.metricsPort), parsed.agentsMetricsPort];
  refuseRepeats(root, "metricsPort", metricsPorts.filter((port) => port !== undefined).map(String));
  refuseRepeats(root, "address", [
    ...processes.map((process) => process.address),
    ...parsed.nodes.flatMap((node) => etcdAddress(node) ?? []),
  ]);
  return parsed;
}

/** The text of fleet.yaml; `parseFleetFile` reads it back to the same value. */
export function formatFleetFile(fleet: FleetFile): string {
  return stringify({
    schemaVersion: SCHEMA_VERSION,
    name: fleet.name,
    clusterId: fleet.clusterId,
    profile: fleet.profile,
    ...(fleet.engine === undefined ? {} : { engine: fleet.engine }),
    ...(fleet.snapshots === undefined ? {} : { snapshots: fleet.snapshots }),
    ...(fleet.liveness === undefined ? {} : { liveness: fleet.liveness }),
    ...(fleet.encryption === undefined ? {} : { encryption: formatEncryption(fleet.encryption) }),
    ...(fleet.authorities === undefined ? {} : { authorities: fleet.authorities }),
    ...(fleet.faults === undefined ? {} : { faults: fleet.faults }),
    nodes: fleet.nodes,
    shards: fleet.shards,
    agents: {
      clusters: fleet.clusters,
      ...(fleet.agentsMetricsPort === undefined ? {} : { metricsPort: fleet.agentsMetricsPort }),
    },
  });
}

/** The same text with the node added; everything else, including comments, stays. */
export function addNode(text: string, node: NodeEntry): string {
  const document = parseDocument(text);
  document.addIn(["nodes"], document.createNode(node));
  return document.toString();
}

/** The same text without the node called `name`. */
export function dropNode(text: string, name: string): string {
  const document = parseDocument(text);
  const nodes = document.get("nodes");
  assert(isSeq(nodes), "a fleet's file that was read has a list of nodes");
  const at = nodes.items.findIndex((node) => isMap(node) && node.get("name") === name);
  assert(at >= 0, "only a node that is there is dropped");
  nodes.delete(at);
  return document.toString();
}

/** The same text for the fleet after a recovery: its new id, and of its nodes only the one called `name`. */
export function leaveNode(text: string, name: string, clusterId: string): string {
  const { nodes } = parseFleetFile("", text);
  assert(
    nodes.some((node) => node.name === name),
    "a node that is there is left",
  );
  const others = nodes.filter((node) => node.name !== name);
  const document = parseDocument(others.reduce((left, node) => dropNode(left, node.name), text));
  document.set("clusterId", clusterId);
  return document.toString();
}

function parseEngine(entry: ConfigReader): EngineEntry {
  const path = (name: "ca" | "cert" | "key") => {
    const value = entry.field(name).optional((field) => field.string());
    if (value !== undefined && !isAbsolute(value)) throw entry.field(name).wrong("a full path");
    return value === undefined ? {} : { [name]: value };
  };
  const etcd = entry
    .field("etcd")
    .items()
    .map((item) => item.address());
  if (etcd.length === 0) throw entry.field("etcd").wrong("a list of at least one host:port");
  return { etcd, prefix: entry.field("prefix").string(), ...path("ca"), ...path("cert"), ...path("key") };
}

function parseSnapshots(entry: ConfigReader): SnapshotEntry {
  const everySeconds = entry.field("everySeconds").optional((value) => value.integer(1, DAY_SECONDS));
  const keep = entry.field("keep").optional((value) => value.integer(1, SNAPSHOTS_MAX));
  return {
    to: entry.field("to").string(),
    ...(everySeconds === undefined ? {} : { everySeconds }),
    ...(keep === undefined ? {} : { keep }),
  };
}

function parseEncryption(entry: ConfigReader): EncryptionEntry {
  const path = entry.field("keyFile").optional((value) => value.string());
  const command = entry.field("keyCommand").optional((value) => value.string());
  const existing = entry.field("existing").optional((value) => value.boolean());
  if ((path === undefined) === (command === undefined)) throw entry.wrong("either keyFile or keyCommand");
  if (path !== undefined && !isAbsolute(path)) throw entry.field("keyFile").wrong("a full path");
  const source: KeySource =
    path === undefined ? { kind: "command", command: command ?? "" } : { kind: "file", path };
  return existing === true ? { source, existing: true } : { source };
}

function formatEncryption({ source, existing }: EncryptionEntry): object {
  const key = source.kind === "file" ? { keyFile: source.path } : { keyCommand: source.command };
  return { ...key, ...(existing === undefined ? {} : { existing }) };
}

function parseLiveness(entry: ConfigReader): LivenessEntry {
  const suspectAfterSeconds = entry.field("suspectAfterSeconds").integer(1, DAY_SECONDS - 1);
  const deadAfterSeconds = entry.field("deadAfterSeconds").integer(suspectAfterSeconds + 1, DAY_SECONDS);
  return { suspectAfterSeconds, deadAfterSeconds };
}

function parseNode(entry: ConfigReader): NodeEntry {
  return {
    id: entry.field("id").integer(1, NODE_ID_MAX),
    name: parseFree(entry.field("name"), RESERVED_PROCESS_NAMES),
    address: entry.field("address").address(),
    ...parseMetricsPort(entry),
    ...parseEtcdPort(entry),
  };
}

function agentsMetricsPort(agents: { metricsPort?: number } | undefined): { agentsMetricsPort?: number } {
  return agents?.metricsPort === undefined ? {} : { agentsMetricsPort: agents.metricsPort };
}

function parseClusters(agents: ConfigReader): string[] {
  return agents
    .field("clusters")
    .items()
    .map((cluster) => parseFree(cluster, RESERVED_CLUSTER_NAMES));
}

function refuseRepeats(owner: ConfigReader, what: string, values: readonly string[]): void {
  const repeated = values.find((value, at) => values.indexOf(value) !== at);
  if (repeated !== undefined) throw owner.fault(`holds the ${what} ${repeated} twice`);
}
