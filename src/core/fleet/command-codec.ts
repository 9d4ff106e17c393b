// A command as the bytes of a log entry, and back. What must stay true: a command says the cluster version that its
// proposer knew, and a replica that does not know that version stops before it applies anything. A refusal in its place
// would make its state differ from that of the replicas that know it, for good (ADR-0015).

import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { assert } from "../base/assert.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { LogIndex } from "../base/ids.ts";
import { Command } from "../wire/gen/fleet/v1/command.ts";
import { FIRST_VERSION, KNOWN_VERSION, requiredVersion } from "./format.ts";

/** `format_version` in proto/fleet/v1/command.proto. */
const FORMAT_FIELD = 8;

/** A command before it is proposed. */
export type NewCommand = Omit<Command, "formatVersion">;

/** The entry's bytes under the cluster version of now. */
export function encodeCommand(command: NewCommand, clusterVersion: number): Uint8Array {
  return Command.encode(versioned(command, clusterVersion)).finish();
}

function versioned(command: NewCommand, clusterVersion: number): Command {
  const kind = command.operation?.kind;
  const required = kind === undefined ? FIRST_VERSION : requiredVersion(kind);
  // A recovery raises the version by itself: its only member is the build that writes it.
  const isRaise = kind?.$case === "raiseClusterVersion" || kind?.$case === "recoverFleet";
  assert(isRaise || required <= clusterVersion, "an operation is proposed once the cluster version knows it");
  const version = Math.max(clusterVersion, required);
  // Under version 1 the bytes are those of the builds that knew no versions.
  return { ...command, formatVersion: version === FIRST_VERSION ? 0 : version };
}

/** Larger commands are decoded again: what is kept of those under way stays small beside their bytes. */
const KEPT_BYTES_MAX = 1_024;

/** By the very bytes that go into the log, so that only the entry with these bytes finds its command. */
const kept = new WeakMap<Uint8Array, Command>();

/**
 * As `encodeCommand`, for a command that this replica will probably apply itself: it need not be decoded again. The
 * command must not change afterwards, and its texts and numbers must be such as come from the wire.
 */
export function encodeToApply(command: NewCommand, clusterVersion: number): Uint8Array {
  const own = versioned(command, clusterVersion);
  const data = Command.encode(own).finish();
  if (data.length <= KEPT_BYTES_MAX) kept.set(data, own);
  return data;
}

/** In the place of bytes that are no command: applied, it is a refusal on every replica alike. */
export const NO_COMMAND: Command = Command.fromPartial({});

/**
 * Throws FORMAT_UNKNOWN for a command of a newer format than `knownVersion`. Bytes that cannot be read are NO_COMMAND,
 * unless they still say a newer format: to stop at every start, all replicas at once, would help nobody.
 */
export function decodeCommand(
  index: LogIndex,
  data: Uint8Array,
  knownVersion: number = KNOWN_VERSION,
): Command {
  const own = kept.get(data);
  if (own !== undefined) {
    // It is applied once. The bytes stay in the log's cache for long, and the command is not to stay with them.
    kept.delete(data);
    return own;
  }
  const command = readCommand(data) ?? NO_COMMAND;
  const kind = command.operation?.kind;
  const said = command === NO_COMMAND ? formatOf(data) : command.formatVersion;
  const version = Math.max(said, kind === undefined ? FIRST_VERSION : requiredVersion(kind));
  if (version > knownVersion)
    throw formatUnknown(`entry ${index} of the log has ${versions(version, knownVersion)}`);
  return command;
}

function readCommand(data: Uint8Array): Command | null {
  try {
    return Command.decode(data);
  } catch {
    return null;
  }
}

/** What the bytes say of their format, though the rest of them may be unreadable; 0 = nothing. */
function formatOf(data: Uint8Array): number {
  const reader = new BinaryReader(data);
  let format = 0;
  try {
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === FORMAT_FIELD && type === WireType.Varint) format = reader.uint32();
      else reader.skip(type);
    }
  } catch {
    return 0;
  }
  return format;
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
