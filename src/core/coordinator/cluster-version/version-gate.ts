// Refusals because of the cluster version (ADR-0015). An operation that not all members know yet is refused
// before it is an entry. A replica whose build does not know the version in force is refused before it takes
// part.

import { status } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../base/errors.ts";
import { FIRST_VERSION, requiredVersion } from "../../fleet/format.ts";
import type { Announced } from "../../transport/transport.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import { type RpcError, type RpcFailure, rpcError } from "../../wire/rpc-error.ts";
import type { FleetMachine } from "../group/fleet-machine.ts";
import { describeBuilds, ignorantOf } from "./version-watch.ts";

interface Gated {
  readonly announced: Announced;
  readonly machine: Pick<FleetMachine, "view">;
}

/** As far as this replica has applied the log. */
export function isAboveClusterVersion({ machine }: Pick<Gated, "machine">, { kind }: Operation): boolean {
  return kind !== undefined && requiredVersion(kind) > machine.view.clusterVersion;
}

/** Throws CLUSTER_VERSION_TOO_LOW for an operation above the version in force. */
export function checkClusterVersion(
  context: Gated,
  { kind }: Operation,
  versionOf: typeof requiredVersion = requiredVersion,
): void {
  if (kind === undefined) return;
  const required = versionOf(kind);
  const { view } = context.machine;
  if (required <= view.clusterVersion) return;
  const tooOld = ignorantOf(required, view, context.announced);
  const waits = tooOld.length === 0 ? "it is being raised" : `it waits for ${describeBuilds(tooOld)}`;
  throw rpcError(
    status.FAILED_PRECONDITION,
    "CLUSTER_VERSION_TOO_LOW",
    `this operation needs cluster version ${required}; the version is ${view.clusterVersion}, and ${waits}`,
    {
      required: String(required),
      cluster_version: String(view.clusterVersion),
      nodes: tooOld.map(({ name }) => name).join(","),
    },
  );
}

/**
 * The refusal of a replica that does not know the version in force, or null. `knownVersion` 0: it does not
 * say. Not FAILED_PRECONDITION: builds from before this rule log only PERMISSION_DENIED.
 */
export function refuseOldBuild({ machine }: Pick<Gated, "machine">, knownVersion: number): RpcError | null {
  const ruling = machine.view.clusterVersion;
  const known = Math.max(knownVersion, FIRST_VERSION);
  if (known >= ruling) return null;
  const message = `the cluster version is ${ruling}, and this replica's build knows up to ${known}: start it with a newer build`;
  return rpcError(status.PERMISSION_DENIED, "BUILD_TOO_OLD", message, { cluster_version: String(ruling) });
}

/** The error with which a replica stops that was refused because of its build; null for another refusal. */
export function outdatedBuild({ reason, metadata }: RpcFailure, knownVersion: number): OperatorError | null {
  const ruling = Number(metadata["cluster_version"]);
  if (reason !== "BUILD_TOO_OLD" || !(ruling > knownVersion)) return null;
  return new OperatorError("BUILD_TOO_OLD", {
    what: `the cluster version is ${ruling}, and this build knows up to version ${knownVersion}`,
    why: "newer builds raised the cluster version, and it is never lowered",
    next: "start this node with the build that the other nodes run; its data folder stays as it is",
    exit: Exit.Precondition,
  });
}
