// Encodes a command as the bytes of a log entry, and decodes it. What must stay true: a command names the
// cluster version that its proposer knew. A replica that does not know that version, or the operation, stops
// before it applies anything. If it refused the command instead, its state would differ from that of the other
// replicas for good (ADR-0015).

import { assert } from "../base/assert.ts";
import { encodeMessage } from "../base/encode-message.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { LogIndex } from "../base/ids.ts";
import { MessageReader } from "../base/message-reader.ts";
import { rawFields } from "../base/raw-fields.ts";
import { Command } from "../wire/gen/fleet/v1/command.ts";
import { FIRST_VERSION, KNOWN_VERSION, requiredVersion } from "./format.ts";

/** `operation` and `format_version` in proto/fleet/v1/command.proto. */
const OPERATION_FIELD = 7;
const FORMAT_FIELD = 8;

/** A command before it is proposed. */
export type NewCommand = Omit<Command, "formatVersion">;

/** The entry's bytes under the present cluster version. */
export function encodeCommand(command: NewCommand, clusterVersion: number): Uint8Array {
  return encodeMessage(Command.encode, versioned(command, clusterVersion));
}

function versioned(command: NewCommand, clusterVersion: number): Command {
  const kind = command.operation?.kind;
  const required = kind === undefined ? FIRST_VERSION : requiredVersion(kind);
  // A recovery raises the version itself: its only member is the build that writes it.
  const isRaise = kind?.$case === "raiseClusterVersion" || kind?.$case === "recoverFleet";
  assert(isRaise || required <= clusterVersion, "an operation is proposed once the cluster version knows it");
  const version = Math.max(clusterVersion, required);
  // Under version 1 the bytes are those of builds from before versions.
  return { ...command, formatVersion: version === FIRST_VERSION ? 0 : version };
}

/** Larger commands are decoded again, so that the kept commands need little memory beside their bytes. */
const KEPT_BYTES_MAX = 1_024;

/** Keyed by the identity of the bytes that go to the log, so that only this entry finds its command. */
const kept = new WeakMap<Uint8Array, Command>();

/**
 * Like `encodeCommand`, for a command that this replica will probably apply itself: it need not be decoded
 * again. The command must not change afterwards, and its texts and numbers must be ones that the wire can
 * carry.
 */
export function encodeToApply(command: NewCommand, clusterVersion: number): Uint8Array {
  const own = versioned(command, clusterVersion);
  const data = encodeMessage(Command.encode, own);
  if (data.length <= KEPT_BYTES_MAX) kept.set(data, own);
  return data;
}

/** Replaces bytes that are not a command. Applying it is a refusal, on every replica alike. */
export const NO_COMMAND: Command = Command.fromPartial({});

/**
 * Throws FORMAT_UNKNOWN for a command of a newer format than `knownVersion`, or with an operation that this build
 * does not know, whatever version it names. A command without any operation is left to `apply`. Unreadable bytes
 * become NO_COMMAND, unless they still name a newer format. Otherwise all replicas would stop at every start,
 * which would help no operator.
 */
export function decodeCommand(
  index: LogIndex,
  data: Uint8Array,
  knownVersion: number = KNOWN_VERSION,
): Command {
  const own = kept.get(data);
  if (own !== undefined) {
    // It is applied once. The log's cache keeps the bytes for long, but the command must be freed.
    kept.delete(data);
    return own;
  }
  const command = readCommand(data) ?? NO_COMMAND;
  const kind = command.operation?.kind;
  const said = command === NO_COMMAND ? formatOf(data) : command.formatVersion;
  const version = Math.max(said, kind === undefined ? FIRST_VERSION : requiredVersion(kind));
  if (version > knownVersion)
    throw formatUnknown(`entry ${index} of the log has ${versions(version, knownVersion)}`);
  const unknown = kind === undefined && command !== NO_COMMAND ? operationOf(data) : null;
  if (unknown !== null)
    throw operationUnknown({ entry: `entry ${index} of the log`, operation: unknown, version, knownVersion });
  return command;
}

function readCommand(data: Uint8Array): Command | null {
  try {
    return Command.decode(new MessageReader(data));
  } catch {
    return null;
  }
}

/** The format that the bytes name, even if the rest of them is no command; 0 = none. */
function formatOf(data: Uint8Array): number {
  return rawFields(data)?.findLast(({ number }) => number === FORMAT_FIELD)?.value ?? 0;
}

/** The number of the operation that the bytes name; null = they name none. */
function operationOf(data: Uint8Array): number | null {
  const operation = rawFields(data)?.findLast(({ number }) => number === OPERATION_FIELD)?.bytes;
  return rawFields(operation ?? new Uint8Array())?.at(-1)?.number ?? null;
}

/** Fatal, but not a bug: a newer build than this one wrote `what`. */
export function formatUnknown(what: string): OperatorError {
  return new OperatorError("FORMAT_UNKNOWN", {
    what,
    why: "newer builds raised the cluster version, and it is never lowered",
    next: "start this node with the build that the other nodes run; its data folder stays as it is",
    exit: Exit.Precondition,
  });
}

interface UnknownOperation {
  readonly entry: string;
  /** The number of its field. */
  readonly operation: number;
  readonly version: number;
  readonly knownVersion: number;
}

/** Fatal, but not a bug, although this build knows the version that the entry names. */
export function operationUnknown(unknown: UnknownOperation): OperatorError {
  const { entry, operation, version, knownVersion } = unknown;
  return new OperatorError("FORMAT_UNKNOWN", {
    what: `${entry} has operation ${operation} of format version ${version}, and this build knows up to version ${knownVersion} without that operation`,
    why: "a newer build wrote it: until a version is released, builds of that version may know more operations or fewer",
    next: "start this node with the newest build of the other nodes (`fleet member list` shows them); its data folder stays as it is",
    exit: Exit.Precondition,
  });
}

export function versions(found: number, known: number): string {
  return `format version ${found}, and this build knows up to version ${known}`;
}
