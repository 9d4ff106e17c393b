// A command as the bytes of a log entry, and back. What must stay true: a command says the cluster version that its
// proposer knew, and a replica that does not know that version stops before it applies anything. A refusal in its place
// would make its state differ from that of the replicas that know it, for good (ADR-0015).

import { assert } from "../base/assert.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { LogIndex } from "../base/ids.ts";
import { Command } from "../wire/gen/fleet/v1/command.ts";
import { FIRST_VERSION, KNOWN_VERSION, requiredVersion } from "./format.ts";

/** A command before it is proposed. */
export type NewCommand = Omit<Command, "formatVersion">;

/** The entry's bytes under the cluster version of now. */
export function encodeCommand(command: NewCommand, clusterVersion: number): Uint8Array {
  const kind = command.operation?.kind;
  const required = kind === undefined ? FIRST_VERSION : requiredVersion(kind);
  const isRaise = kind?.$case === "raiseClusterVersion";
  assert(isRaise || required <= clusterVersion, "an operation is proposed once the cluster version knows it");
  const version = Math.max(clusterVersion, required);
  // Under version 1 the bytes are those of the builds that knew no versions.
  return Command.encode({ ...command, formatVersion: version === FIRST_VERSION ? 0 : version }).finish();
}

/** Throws FORMAT_UNKNOWN for a command of a newer format than `knownVersion`. */
export function decodeCommand(
  index: LogIndex,
  data: Uint8Array,
  knownVersion: number = KNOWN_VERSION,
): Command {
  const command = Command.decode(data);
  const kind = command.operation?.kind;
  const version = Math.max(command.formatVersion, kind === undefined ? FIRST_VERSION : requiredVersion(kind));
  if (version > knownVersion)
    throw formatUnknown(`entry ${index} of the log has ${versions(version, knownVersion)}`);
  return command;
}

/** Fatal, and no bug: `what` was written by a build that is newer than this one. */
export function formatUnknown(what: string): OperatorError {
  return new OperatorError("FORMAT_UNKNOWN", {
    what,
    why: "newer builds raised the cluster version, and it is never lowered",
    next: "start this node with the build that the other nodes run; its data folder stays as it is",
    exit: Exit.Precondition,
  });
}

export function versions(found: number, known: number): string {
  return `format version ${found}, and this build knows up to version ${known}`;
}
