// Encodes a command as the bytes of a log entry, and decodes it. What must stay true: a command names the
// cluster version that its proposer knew. A replica that does not know that version, or the operation, stops
// before it applies anything. If it refused the command instead, its state would differ from that of the other
// replicas for good (ADR-0015).

import { assert } from "../base/assert.ts";
import { encodeMessage } from "../base/encode-message.ts";
import { Exit, OperatorError } from "../base/errors.ts";
import type { LogIndex } from "../base/ids.ts";
import { MessageReader } from "../base/message-reader.ts";
import { KnownNumbers, rawFields } from "../base/raw-fields.ts";
import { Command, Operation } from "../wire/gen/fleet/v1/command.ts";
import { FIRST_VERSION, KNOWN_VERSION, requiredVersion } from "./format.ts";

/** `operation`, `format_version` and `RaiseClusterVersion.version` in proto/fleet/v1/command.proto. */
const OPERATION_FIELD = 7;
const FORMAT_FIELD = 8;
const RAISED_VERSION_FIELD = 1;

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

/** What the bytes name that this build does not know. */
export type Unknown = { readonly format: number } | { readonly operation: number; readonly version: number };

/**
 * Asked of each entry that a peer sends, so it reads the numbers of the outer fields only. What must stay true: where
 * `decodeCommand` throws, this is not null. Null: this build knows all that the bytes name.
 */
export function unknownIn(data: Uint8Array, knownVersion: number = KNOWN_VERSION): Unknown | null {
  let format = 0;
  let unknown: number | null = null;
  for (const { number, value, bytes } of rawFields(data) ?? []) {
    if (number === FORMAT_FIELD) format = Math.max(format, value);
    if (number !== OPERATION_FIELD || bytes === null) continue;
    for (const operation of rawFields(bytes) ?? []) {
      const kind = operation.bytes === null ? null : kinds.of(operation.number);
      if (kind === null) unknown ??= operation.number;
      else format = Math.max(format, requiredVersion(kind), raisedTo(kind, operation.bytes));
    }
  }
  if (format > knownVersion) return { format };
  return unknown === null ? null : { operation: unknown, version: Math.max(format, FIRST_VERSION) };
}

type OperationKind = NonNullable<Operation["kind"]>;

const kinds = new KnownNumbers((bytes) => Operation.decode(bytes).kind ?? null);

function raisedTo({ $case }: OperationKind, bytes: Uint8Array | null): number {
  if ($case !== "raiseClusterVersion" || bytes === null) return FIRST_VERSION;
  const versions = rawFields(bytes)?.filter(({ number }) => number === RAISED_VERSION_FIELD) ?? [];
  return versions.reduce((highest, { value }) => Math.max(highest, value), FIRST_VERSION);
}

/**
 * Throws FORMAT_UNKNOWN for a command of a newer format than `knownVersion`, or with an operation that this build
 * does not know, whatever version it names. A command without any operation is left to `apply`. Unreadable bytes
 * become NO_COMMAND, unless they still name something unknown. Otherwise all replicas would stop at every start,
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
  if (kind !== undefined && Math.max(command.formatVersion, requiredVersion(kind)) <= knownVersion)
    return command;
  const unknown = unknownIn(data, knownVersion);
  const entry = `entry ${index} of the log`;
  if (unknown !== null && "format" in unknown)
    throw formatUnknown(`${entry} has ${versions(unknown.format, knownVersion)}`);
  if (unknown !== null) throw operationUnknown({ entry, ...unknown, knownVersion });
  // A nested message that is longer than it says can hide a format from all but the decoder. No encoder writes one.
  return kind === undefined && command.formatVersion <= knownVersion ? command : NO_COMMAND;
}

function readCommand(data: Uint8Array): Command | null {
  try {
    return Command.decode(new MessageReader(data));
  } catch {
    return null;
  }
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
