// fleet.yaml: the members of a local fleet. This file makes a folder a fleet: `fleet init` writes it when
// everything else is in place, and afterwards only its nodes change. Absent: full paths of its own files, so
// that a stopped fleet's folder can be moved; and the shard that a cluster dials (agents.yaml).
import { isMap, isSeq, parseDocument, stringify } from "yaml";
import { assert } from "../../core/base/assert.ts";
import {
  address,
  type Found,
  fieldOf,
  fields,
  flag,
  integer,
  list,
  name,
  oneOf,
  optional,
  type Path,
  type Problem,
  pathText,
  refuse,
  text,
  withDefault,
  wrong,
} from "../../core/base/read-value.ts";
import type { KeySource } from "../../core/seal/key-source.ts";
import { etcdAddress, freeName, fullPath, port, readOwnConfig } from "./entry-fields.ts";
import { RESERVED_CLUSTER_NAMES, RESERVED_PROCESS_NAMES } from "./layout.ts";
import { type ShardEntry, shardEntry } from "./shard-entry.ts";

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
  /** All coordinators run in one process; absent = each in its own. */
  readonly inProcess?: true;
  readonly nodes: readonly NodeEntry[];
  readonly shards: readonly ShardEntry[];
  /** Clusters whose agents run here. */
  readonly clusters: readonly string[];
  /** For the process that runs these agents. */
  readonly agentsMetricsPort?: number;
}

const ENCRYPTION = fields({
  keyFile: optional(fullPath),
  keyCommand: optional(text),
  existing: optional(flag),
});

const LIVENESS = fields({
  suspectAfterSeconds: integer(1, DAY_SECONDS - 1),
  deadAfterSeconds: integer(2, DAY_SECONDS),
});

const NODE = fields({
  id: integer(1, NODE_ID_MAX),
  name: freeName(RESERVED_PROCESS_NAMES),
  address,
  metricsPort: optional(port),
  etcdPort: optional(port),
});

const AGENTS = fields({
  clusters: list(freeName(RESERVED_CLUSTER_NAMES), { unique: { "": (cluster) => cluster } }),
  metricsPort: optional(port),
});

const FLEET = fields({
  schemaVersion: oneOf(SCHEMA_VERSION),
  name,
  clusterId: text,
  profile: withDefault(oneOf(...PROFILES), "lan"),
  engine: optional(
    fields({
      etcd: list(address, { min: 1 }),
      prefix: text,
      ca: optional(fullPath),
      cert: optional(fullPath),
      key: optional(fullPath),
    }),
  ),
  snapshots: optional(
    fields({
      to: text,
      everySeconds: optional(integer(1, DAY_SECONDS)),
      keep: optional(integer(1, SNAPSHOTS_MAX)),
    }),
  ),
  liveness: optional(liveness),
  encryption: optional(encryption),
  authorities: optional(oneOf("separate")),
  faults: optional(oneOf("allowed")),
  inProcess: optional(oneOf(true)),
  nodes: list(NODE, { min: 1, unique: { id: ({ id }) => String(id) } }),
  shards: withDefault(list(shardEntry), []),
  agents: withDefault<ReturnType<typeof AGENTS>>(AGENTS, { clusters: [] }),
});

/** Parses the contents of `file`. Throws CONFIG_INVALID with every problem, its line and its path. */
export function parseFleetFile(file: string, contents: string): FleetFile {
  return readOwnConfig(file, contents, fleetFile);
}

function fleetFile(found: Found): FleetFile {
  const { schemaVersion, agents, ...rest } = FLEET(found);
  const fleet = {
    ...rest,
    clusters: agents.clusters,
    ...(agents.metricsPort === undefined ? {} : { agentsMetricsPort: agents.metricsPort }),
  };
  const ofNodes = (field: string, read: (entry: NodeEntry) => Value) =>
    fleet.nodes.map((entry, at): Placed => ({ path: ["nodes", at, field], value: read(entry) }));
  const ofShards = (field: string, read: (entry: ShardEntry) => Value) =>
    fleet.shards.map((entry, at): Placed => ({ path: ["shards", at, field], value: read(entry) }));
  const agentsPort = { path: ["agents", "metricsPort"], value: fleet.agentsMetricsPort };
  const portOf = ({ metricsPort }: NodeEntry | ShardEntry) => metricsPort;
  const addressOf = (entry: NodeEntry | ShardEntry) => entry.address;
  refuse([
    ...repeatsIn([...ofNodes("name", (entry) => entry.name), ...ofShards("id", ({ id }) => id)]),
    ...repeatsIn([...ofNodes("metricsPort", portOf), ...ofShards("metricsPort", portOf), agentsPort]),
    ...repeatsIn([
      ...ofNodes("address", addressOf),
      ...ofShards("address", addressOf),
      ...ofNodes("etcdPort", etcdAddress),
    ]),
  ]);
  return fleet;
}

type Value = string | number | null | undefined;
interface Placed {
  readonly path: Path;
  /** Null and undefined are no values. */
  readonly value: Value;
}

/** Values that entries of different lists may not share. */
function repeatsIn(all: readonly Placed[]): readonly Problem[] {
  const first = new Map<Value, Path>();
  return all.flatMap(({ path, value }) => {
    if (value === undefined || value === null) return [];
    const earlier = first.get(value);
    if (earlier !== undefined) return [{ path, what: `repeats ${pathText(earlier)}` }];
    first.set(value, path);
    return [];
  });
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
    ...(fleet.inProcess === undefined ? {} : { inProcess: fleet.inProcess }),
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

function encryption(found: Found): EncryptionEntry {
  const { keyFile: path, keyCommand: command, existing } = ENCRYPTION(found);
  if (path !== undefined && command === undefined) return withExisting({ kind: "file", path }, existing);
  if (path === undefined && command !== undefined)
    return withExisting({ kind: "command", command }, existing);
  throw wrong(found, "either keyFile or keyCommand");
}

const withExisting = (source: KeySource, existing: boolean | undefined): EncryptionEntry =>
  existing === true ? { source, existing } : { source };

function formatEncryption({ source, existing }: EncryptionEntry): object {
  const key = source.kind === "file" ? { keyFile: source.path } : { keyCommand: source.command };
  return { ...key, ...(existing === undefined ? {} : { existing }) };
}

function liveness(found: Found): LivenessEntry {
  const read = LIVENESS(found);
  const dead = fieldOf(found, "deadAfterSeconds");
  if (read.deadAfterSeconds <= read.suspectAfterSeconds)
    throw wrong(dead, `more than suspectAfterSeconds, ${read.suspectAfterSeconds}`);
  return read;
}
