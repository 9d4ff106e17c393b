// `fleet cert rotate`: new keys and certificates of the same authority, while processes run.
import { join } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { authorityKindOf } from "../../core/wire/tls/authorities.ts";
import { leafOf, loadTls } from "../../core/wire/tls/tls.ts";
import { requireValid } from "../../core/wire/tls/validity.ts";
import { ADMIN, authorityFiles, holderTls, lockPath, replacedFolder } from "../files/layout.ts";
import type { LocalFleet } from "../files/local-fleet.ts";
import { withLock } from "../processes/lock.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import { readAuthority, signerOf } from "./authority.ts";
import type { PemPair } from "./certs.ts";
import { adminFiles, type Holder, holdersOf, renewalFor } from "./holders.ts";
import { type Server, untilProven } from "./proof.ts";
import { replacePair } from "./replace-pair.ts";

export interface RotateDeps extends SupervisorDeps {
  readonly onProgress: (step: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export interface RotationReport {
  readonly name: string;
  readonly directory: string;
  /** The holders of new certificates. */
  readonly rotated: readonly string[];
  /** The folder of the old ones; null when nothing was replaced. */
  readonly kept: string | null;
  /** Stopped processes: they use the new files when they start. */
  readonly down: readonly string[];
  /** The stage that a change of the authority has reached. */
  readonly stage: "bundle" | "leaves" | "drop" | null;
}

/** Renews the certificates of `names`, or all; resolves once every running process presents its new one. */
export async function rotateLeaves(
  fleet: LocalFleet,
  names: readonly string[],
  deps: RotateDeps,
): Promise<RotationReport> {
  const holders = chosen(fleet, names);
  // The administrator's certificate makes the proof.
  if (!holders.some(({ name }) => name === ADMIN))
    requireValid(holderTls(fleet.directory, ADMIN), deps.now());
  const kept = keptFolder(fleet.directory, deps);
  await withLock(lockPath(fleet.directory), deps, async () => {
    const authority = authorityFiles(fleet.directory);
    const signerFor = async ({ identity }: Holder) =>
      (await readAuthority(await signerOf(authority, authorityKindOf(identity)))).pair;
    await replaceAll(holders, signerFor, kept, deps);
  });
  const dialed = holders.filter((holder) => holder.isDialed);
  const serials = new Map(dialed.map((holder) => [holder.name, leafOf(loadTls(holder.files)).serialNumber]));
  const servers = serversOf(fleet).filter((server) => serials.has(server.name));
  deps.onProgress("waiting until every process shows its new certificate");
  const down = await untilProven(
    servers,
    loadTls(adminFiles(fleet)),
    "show its new certificate",
    (server, { leaf }) => leaf?.serialNumber === serials.get(server.name),
  );
  const rotated = holders.map((holder) => holder.name);
  return { name: fleet.file.name, directory: fleet.directory, rotated, kept, down, stage: null };
}

/** Gives each holder a new pair; the caller holds the fleet's lock. */
export async function replaceAll(
  holders: readonly Holder[],
  signerFor: (holder: Holder) => Promise<PemPair>,
  kept: string,
  deps: RotateDeps,
): Promise<void> {
  for (const [at, holder] of holders.entries()) {
    if (at % 100 === 0) deps.onProgress(`renewing ${holder.name} (${at + 1} of ${holders.length})`);
    await replacePair(holder.files, await renewalFor(holder, await signerFor(holder)), kept);
  }
}

/** The servers of this fleet. */
export function serversOf(fleet: LocalFleet): Server[] {
  return fleet.processes.flatMap(({ name, address }) => (address === null ? [] : [{ name, address }]));
}

export function keptFolder(directory: string, { now }: RotateDeps): string {
  return join(replacedFolder(directory), new Date(now()).toISOString().replaceAll(":", "-"));
}

function chosen({ directory, file }: LocalFleet, names: readonly string[]): Holder[] {
  const holders = holdersOf(directory, file);
  const unknown = names.filter((name) => !holders.some((holder) => holder.name === name));
  if (unknown.length > 0) {
    throw new OperatorError("HOLDER_UNKNOWN", {
      what: `${directory} has no certificate of ${unknown.join(", ")}; nothing was changed`,
      next: "see the holders: fleet cert list",
      exit: Exit.NotFound,
    });
  }
  return names.length === 0 ? holders : holders.filter((holder) => names.includes(holder.name));
}
