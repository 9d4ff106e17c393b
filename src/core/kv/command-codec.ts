// Encodes a command as the bytes of a log entry, and decodes it. What must stay true: a replica stops before
// it applies a command whose format, or one of whose operations, it does not know (ADR-0015).

import { encodeMessage } from "../base/encode-message.ts";
import type { LogIndex } from "../base/ids.ts";
import { MessageReader } from "../base/message-reader.ts";
import { KnownNumbers, rawFields } from "../base/raw-fields.ts";
import { formatUnknown, operationUnknown, type Unknown, versions } from "../fleet/command-codec.ts";
import { KeyCommand, KeyOperation } from "../wire/gen/fleet/v1/key_command.ts";

/** The newest format of commands and snapshots that this build knows. */
export const KNOWN_KEY_FORMAT = 3;
/** Of all operations but changes of retention with a number: builds that do not know those stop at them alone. */
const USUAL_FORMAT = 2;

/** Fields in proto/fleet/v1/key_command.proto: of a command, and of an operation what is no kind of one. */
const FORMAT_FIELD = 1;
const OPERATIONS_FIELD = 3;
const LEASES_SEEN_AT_FIELD = 10;

/** A command before it is proposed. */
export type NewKeyCommand = Omit<KeyCommand, "format">;
export type KeyOperationKind = NonNullable<KeyOperation["kind"]>;

export function encodeKeyCommand(command: NewKeyCommand): Uint8Array {
  return encodeMessage(KeyCommand.encode, withFormat(command));
}

function withFormat(command: NewKeyCommand): KeyCommand {
  return { format: command.operations.some(isNumbered) ? KNOWN_KEY_FORMAT : USUAL_FORMAT, ...command };
}

function isNumbered({ kind }: KeyOperation): boolean {
  return kind?.$case === "retention" && kind.value.changeNumber > 0;
}

/** Larger commands are decoded again, so that the kept commands need little memory beside their bytes. */
const KEPT_BYTES_MAX = 4_096;

/** Keyed by the identity of the bytes that go to the log, so that only this entry finds its command. */
const kept = new WeakMap<Uint8Array, KeyCommand>();

/**
 * Like `encodeKeyCommand`, for a command that this replica will probably apply itself: it need not be decoded again. The
 * command must not change afterwards, and must be one that was decoded from the wire.
 */
export function encodeToApply(command: NewKeyCommand): Uint8Array {
  const whole = withFormat(command);
  const data = encodeMessage(KeyCommand.encode, whole);
  if (data.length <= KEPT_BYTES_MAX) kept.set(data, whole);
  return data;
}

/**
 * One command with the operations of all, in order. Concatenated messages of protobuf are one message, which has the
 * format and the time of the last one.
 */
export function joinKeyCommands(commands: readonly Uint8Array[]): Uint8Array {
  const data = concatenated(commands);
  const operations: KeyOperation[] = [];
  let [format, atMs] = [0, 0];
  for (const bytes of commands) {
    const command = kept.get(bytes);
    if (command === undefined) return data;
    kept.delete(bytes);
    for (const operation of command.operations) operations.push(operation);
    ({ format, atMs } = command);
  }
  kept.set(data, { format, atMs, operations });
  return data;
}

/** As `unknownIn` of the fleet's commands. Of unreadable bytes only the format counts, as long as it can be found. */
export function unknownKeyPart(data: Uint8Array, knownFormat: number = KNOWN_KEY_FORMAT): Unknown | null {
  let format = 0;
  let unknown: number | null = null;
  for (const { number, value, bytes } of rawFields(data) ?? []) {
    if (number === FORMAT_FIELD) format = Math.max(format, value);
    if (number !== OPERATIONS_FIELD || bytes === null) continue;
    for (const field of rawFields(bytes) ?? []) {
      if (field.number === LEASES_SEEN_AT_FIELD) continue;
      if (field.bytes === null || kinds.of(field.number) === null) unknown ??= field.number;
    }
  }
  if (format > knownFormat) return { format };
  return unknown === null ? null : { operation: unknown, version: format };
}

const kinds = new KnownNumbers((bytes) => KeyOperation.decode(bytes).kind ?? null);

/**
 * Throws FORMAT_UNKNOWN for a command of a newer format, or with an operation that this build does not know. Unreadable
 * bytes become a command without an operation, which is refused, unless they name something unknown. Otherwise all
 * replicas would stop at every start, which would help no operator.
 */
export function decodeKeyCommand(
  index: LogIndex,
  data: Uint8Array,
  knownFormat: number = KNOWN_KEY_FORMAT,
): KeyCommand {
  const own = kept.get(data);
  if (own !== undefined) {
    // It is applied once. The log's cache keeps the bytes for long, but the command must be freed.
    kept.delete(data);
    return own;
  }
  const command = read(data) ?? UNREADABLE;
  if (command.format <= knownFormat && command.operations.every(({ kind }) => kind !== undefined))
    return command;
  const unknown = unknownKeyPart(data, knownFormat);
  const entry = `entry ${index} of the key space's log`;
  if (unknown !== null && "format" in unknown)
    throw formatUnknown(`${entry} has ${versions(unknown.format, knownFormat)}`);
  if (unknown !== null) throw operationUnknown({ entry, ...unknown, knownVersion: knownFormat });
  // Only the decoder finds a format behind a nested message that is longer than it says. No encoder writes one.
  return command.format <= knownFormat ? command : UNREADABLE;
}

/** It is refused. */
const UNREADABLE: KeyCommand = { format: 0, atMs: 0, operations: [{ kind: undefined, leasesSeenAt: 0 }] };

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function read(data: Uint8Array): KeyCommand | null {
  try {
    return KeyCommand.decode(new MessageReader(data));
  } catch {
    return null;
  }
}
