// The paths of all files of a local fleet, as pure path arithmetic on its folder. There are fleet.yaml,
// certs/, and one folder for each process (n1, s1, agents) with its data, log file and pid file. Absent:
// reading or writing anything.
import { join } from "node:path";
import { AUTHORITY_KINDS, type AuthorityKind, type ByAuthority } from "../../core/wire/tls/authorities.ts";
import type { TlsFiles } from "../../core/wire/tls/tls.ts";

/** The folder that `fleet init` makes in the current one. */
export const FLEET_FOLDER = ".fleet";

/** The process that runs the agents of all the fleet's clusters. */
export const AGENTS_PROCESS = "agents";

const FLEET_FILE = "fleet.yaml";
const LOCK_FILE = "lock";
const FOUNDING_FILE = "founding";
const CERTS_FOLDER = "certs";
const REMOVED_FOLDER = "removed";
const DRILLS_FOLDER = "drills";
const CLUSTERS_FOLDER = "clusters";
const REPLACED_FOLDER = "replaced";
const ROTATION_FOLDER = "rotation";
const AUTHORITY = "ca";

/**
 * Holders of certificates that are neither a process nor a cluster: an operator who may write, and one who
 * may not.
 */
export const ADMIN = "admin";
export const READONLY = "readonly";

/** No node or shard may have these names: its folder or certificate would collide with another one. */
export const RESERVED_PROCESS_NAMES: readonly string[] = [
  FLEET_FILE,
  LOCK_FILE,
  FOUNDING_FILE,
  CERTS_FOLDER,
  CLUSTERS_FOLDER,
  REMOVED_FOLDER,
  DRILLS_FOLDER,
  AGENTS_PROCESS,
  AUTHORITY,
  ...AUTHORITY_KINDS.map((kind) => `${kind}-${AUTHORITY}`),
  ADMIN,
  READONLY,
];
export const RESERVED_CLUSTER_NAMES: readonly string[] = [
  AUTHORITY,
  ...AUTHORITY_KINDS.map((kind) => `${kind}-${AUTHORITY}`),
];

/** The folder of one background process and its content. */
export interface ProcessFiles {
  readonly folder: string;
  readonly data: string;
  readonly log: string;
  readonly pid: string;
}

export const fleetFilePath = (directory: string): string => join(directory, FLEET_FILE);
export const lockPath = (directory: string): string => join(directory, LOCK_FILE);
/** Where the folders and certificates of removed members lie. */
export const removedFolder = (directory: string): string => join(directory, REMOVED_FOLDER);
/** Where journals and reports of drills lie. */
export const drillsFolderIn = (directory: string): string => join(directory, DRILLS_FOLDER);
/** Exists from `fleet init` until the fleet has committed its first write: see founding.ts. */
export const foundingPath = (directory: string): string => join(directory, FOUNDING_FILE);
export const certsFolder = (directory: string): string => join(directory, CERTS_FOLDER);
export const clusterCertsFolder = (directory: string): string =>
  join(directory, CERTS_FOLDER, CLUSTERS_FOLDER);
export const agentsFilePath = (directory: string): string => join(directory, AGENTS_PROCESS, "agents.yaml");

/** The machines file that `fleet init` gives a shard, relative to the fleet's folder. */
export const machinesFileOf = (shard: string): string => join(shard, "machines.yaml");

/** Files of the process called `name`: a node, a shard, or the agents. */
export function processFiles(directory: string, name: string): ProcessFiles {
  const folder = join(directory, name);
  return { folder, data: join(folder, "data"), log: join(folder, "log"), pid: join(folder, "pid") };
}

/** The authority's certificate and the key that signs with it. */
export function authorityFiles(directory: string): { readonly cert: string; readonly key: string } {
  return authorityFilesIn(certsFolder(directory));
}

/** The same two files of an authority with a folder of its own. */
export function authorityFilesIn(folder: string): { readonly cert: string; readonly key: string } {
  return tlsIn(folder, AUTHORITY);
}

/** Of one kind's own authority, beside the common one (ADR-0027). */
export function kindAuthorityFilesIn(
  folder: string,
  kind: AuthorityKind,
): { readonly cert: string; readonly key: string } {
  return tlsIn(folder, `${kind}-${AUTHORITY}`);
}

/** The trust files of the kinds, if each has an authority of its own. */
export function authorityPathsIn(folder: string): ByAuthority<string> {
  return Object.fromEntries(AUTHORITY_KINDS.map((kind) => [kind, kindAuthorityFilesIn(folder, kind).cert]));
}

/** The next authority, during the fleet's change to it. */
export function nextAuthorityFiles(directory: string): { readonly cert: string; readonly key: string } {
  return authorityFilesIn(rotationFolder(directory));
}

export const rotationFolder = (directory: string): string => join(certsFolder(directory), ROTATION_FOLDER);
/** The folder of the certificates and keys that were replaced by newer ones. */
export const replacedFolder = (directory: string): string => join(certsFolder(directory), REPLACED_FOLDER);

/** The certificate of `holder`: admin, readonly, or the name of a node or shard. */
export function holderTls(directory: string, holder: string): TlsFiles {
  return tlsIn(certsFolder(directory), holder);
}

/** The certificate of a cluster's agent. */
export function clusterTls(directory: string, cluster: string): TlsFiles {
  return tlsIn(clusterCertsFolder(directory), cluster);
}

function tlsIn(folder: string, holder: string): TlsFiles {
  return {
    ca: join(folder, `${AUTHORITY}.crt`),
    cert: join(folder, `${holder}.crt`),
    key: join(folder, `${holder}.key`),
  };
}
