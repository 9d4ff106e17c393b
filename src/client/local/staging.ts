// Writes everything of a new local fleet into a staging folder: certificates, one folder for each process,
// agents.yaml and fleet.yaml. All of it is on disk before the caller renames the folder. What must stay true:
// only their owner can read keys, and nothing is written outside the folder.
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { present } from "../../core/base/assert.ts";
import { createDirectory, syncDirectory } from "../../core/base/durable-file.ts";
import { formatAgentsFile } from "../../core/wire/files/agents-file.ts";
import { authorityKindOf } from "../../core/wire/tls/authorities.ts";
import { readAuthority, signerOf } from "../cert/authority.ts";
import { createAuthorities, createAuthority, type PemPair, trustOfOperators } from "../cert/certs.ts";
import { type Holder, holdersOf, issueFor, nodeHolder, renewalFor } from "../cert/holders.ts";
import { type FleetFile, formatFleetFile, type NodeEntry } from "../files/fleet-file.ts";
import {
  ADMIN,
  agentsFilePath,
  authorityFiles,
  certsFolder,
  clusterCertsFolder,
  clusterTls,
  fleetFilePath,
  foundingPath,
  kindAuthorityFilesIn,
  machinesFileOf,
} from "../files/layout.ts";
import { KEY_MODE, PUBLIC_MODE } from "../files/modes.ts";
import { planProcesses } from "../files/process-plan.ts";

/** Certificates written at once: thousands would need too many file descriptors. */
const AT_A_TIME = 32;
const FOLDER_MODE = 0o700;

export interface Contents {
  /** The text of the shards' first machines file; null = they have none. */
  readonly machines: string | null;
  /** What makes a holder's certificate. */
  readonly issue: (holder: Holder, authority: PemPair) => Promise<PemPair>;
}

const NEW: Contents = { machines: null, issue: issueFor };

/** Fills the empty folder `staging` with the fleet that `fleet` describes. */
export async function fillStaging(
  staging: string,
  fleet: FleetFile,
  { machines, issue }: Contents = NEW,
): Promise<void> {
  const folders = foldersOf(staging, fleet);
  for (const folder of folders) await createDirectory(folder, FOLDER_MODE);
  await writeCertificates(staging, fleet, issue);
  if (fleet.clusters.length > 0) await writeSynced(agentsFilePath(staging), agentsText(fleet), PUBLIC_MODE);
  for (const { id } of machines === null ? [] : fleet.shards)
    await writeSynced(join(staging, machinesFileOf(id)), machines ?? "", PUBLIC_MODE);
  await writeSynced(foundingPath(staging), "", PUBLIC_MODE);
  await writeSynced(fleetFilePath(staging), formatFleetFile(fleet), PUBLIC_MODE);
  for (const folder of [...folders, staging]) await syncDirectory(folder);
}

function foldersOf(directory: string, fleet: FleetFile): string[] {
  const processes = planProcesses(directory, fleet).flatMap(({ role, files }) =>
    role === "agents" ? [files.folder] : [files.folder, files.data],
  );
  return [certsFolder(directory), clusterCertsFolder(directory), ...processes];
}

/**
 * A certificate for a node that joins later; replaces any that an interrupted attempt left. After a restore the node
 * may have the number of a lost one whose certificates were revoked.
 */
export async function writeNodeCertificate(directory: string, node: NodeEntry): Promise<void> {
  const { pair: authority } = await readAuthority(await signerOf(authorityFiles(directory), "peer"));
  const holder = nodeHolder(directory, node);
  await Promise.all([holder.files.cert, holder.files.key].map((path) => rm(path, { force: true })));
  await writePair(holder.files, await renewalFor(holder, authority));
  await syncDirectory(certsFolder(directory));
}

async function writeCertificates(
  directory: string,
  fleet: FleetFile,
  issue: Contents["issue"],
): Promise<void> {
  const { trust, signerFor } = await writeAuthorities(directory, fleet);
  const holders = holdersOf(directory, fleet);
  for (let done = 0; done < holders.length; done += AT_A_TIME) {
    const batch = holders.slice(done, done + AT_A_TIME);
    await Promise.all(
      batch.map(async (holder) => writePair(holder.files, await issue(holder, signerFor(holder)))),
    );
  }
  // The folder of the clusters' certificates is complete, as on a machine that runs only agents.
  await writeSynced(clusterTls(directory, ADMIN).ca, trust, PUBLIC_MODE);
}

/** Which authority signs which certificate, and the content of `ca.crt`. */
async function writeAuthorities(
  directory: string,
  fleet: FleetFile,
): Promise<{ readonly trust: string; readonly signerFor: (holder: Holder) => PemPair }> {
  const name = `${fleet.name} authority ${fleet.clusterId}`;
  const files = authorityFiles(directory);
  if (fleet.authorities === undefined) {
    const authority = await createAuthority(name);
    await writePair(files, authority);
    return { trust: authority.certificate, signerFor: () => authority };
  }
  const made = await createAuthorities(name);
  for (const { kind, pair } of made)
    await writePair(kindAuthorityFilesIn(certsFolder(directory), kind), pair);
  const trust = trustOfOperators(made);
  await writeSynced(files.cert, trust, PUBLIC_MODE);
  const signerFor = ({ identity }: Holder) => {
    const wanted = authorityKindOf(identity);
    return present(made.find(({ kind }) => kind === wanted)?.pair, "each kind has its authority");
  };
  return { trust, signerFor };
}

/** Clusters are assigned to the shards in turn. */
function agentsText(fleet: FleetFile): string {
  return formatAgentsFile(
    fleet.clusters.map((cluster, at) => {
      const shard = present(fleet.shards[at % fleet.shards.length], "clusters have shards to dial");
      return { cluster, shardAddr: shard.address };
    }),
  );
}

async function writePair(
  files: { readonly cert: string; readonly key: string },
  pair: PemPair,
): Promise<void> {
  await writeSynced(files.cert, pair.certificate, PUBLIC_MODE);
  await writeSynced(files.key, pair.key, KEY_MODE);
}

/** Writes a new file and syncs it; its name becomes durable when its folder is synced. */
async function writeSynced(path: string, text: string, mode: number): Promise<void> {
  await writeFile(path, text, { mode, flag: "wx", flush: true });
}
