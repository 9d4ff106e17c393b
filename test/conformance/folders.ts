// Where scripts come from: our own beside this file, and those of etcd-io/raft, which are not in this
// repository. FLEET_CONFORMANCE_DIR names a folder of the latter; a clone without it runs our own only.

import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const OWN_FOLDER = import.meta.dirname;
const REPOSITORY = resolve(OWN_FOLDER, "../..");

export function upstreamFolder(): string {
  return resolve(REPOSITORY, process.env["FLEET_CONFORMANCE_DIR"] ?? "../shared/conformance");
}

export function hasUpstream(): boolean {
  return existsSync(upstreamFolder());
}

/** Continuous integration must not pass because the scripts were not there. */
export function isUpstreamRequired(): boolean {
  return (
    process.env["FLEET_CONFORMANCE_REQUIRED"] === "1" || process.env["FLEET_CONFORMANCE_DIR"] !== undefined
  );
}

export function absenceNotice(): string {
  return `conformance: ${upstreamFolder()} is not here; running our own scripts only`;
}
