// Where scripts come from: our own beside this file, and those of etcd-io/raft, which are not in this
// repository. FLEET_CONFORMANCE_DIR names a folder of the latter; a clone without it runs our own only.

import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const OWN_FOLDER = import.meta.dirname;
const REPOSITORY = resolve(OWN_FOLDER, "../..");

/** Where the scripts are kept that the gate knows by name. */
export const SHARED_FOLDER = resolve(REPOSITORY, "../shared/conformance");

/** The folder of scripts to run: a given one, or else the shared one. */
export function upstreamFolder(): string {
  return resolve(REPOSITORY, process.env["FLEET_CONFORMANCE_DIR"] ?? SHARED_FOLDER);
}

/** Continuous integration must not pass because the scripts were not there; nor must a folder be mistyped. */
export function isRequired(folder: string): boolean {
  return process.env["FLEET_CONFORMANCE_REQUIRED"] === "1" || folder !== SHARED_FOLDER;
}

/** Null = the folder is there. */
export function absenceNotice(folder: string): string | null {
  if (existsSync(folder)) return null;
  const consequence = isRequired(folder) ? "but is required" : "so only our own scripts are run";
  return `conformance: ${folder} does not exist, ${consequence}`;
}
