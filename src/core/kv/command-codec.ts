// Encodes a command as the bytes of a log entry, and decodes it. What must stay true: a replica that does not know a
// command's format stops before it applies anything of it (ADR-0015).

import { encodeMessage } from "../base/encode-message.ts";
import type { LogIndex } from "../base/ids.ts";
import { MessageReader } from "../base/message-reader.ts";
import { formatUnknown, versions } from "../fleet/command-codec.ts";
import { KeyCommand, type KeyOperation } from "../wire/gen/fleet/v1/key_command.ts";

/** The newest format of commands and snapshots that this build knows. */
export const KNOWN_KEY_FORMAT = 1;

/** A command before it is proposed. */
export type NewKeyCommand = Omit<KeyCommand, "format">;
export type KeyOperationKind = NonNullable<KeyOperation["kind"]>;

export function encodeKeyCommand({ atMs, operations }: NewKeyCommand): Uint8Array {
  return encodeMessage(KeyCommand.encode, { format: KNOWN_KEY_FORMAT, atMs, operations });
}

/**
 * Throws FORMAT_UNKNOWN for a command of a newer format. Unreadable bytes become a command without an operation, which
 * is refused. Otherwise all replicas would stop at every start, which would help no operator.
 */
export function decodeKeyCommand(
  index: LogIndex,
  data: Uint8Array,
  knownFormat: number = KNOWN_KEY_FORMAT,
): KeyCommand {
  const command = read(data) ?? { format: 0, atMs: 0, operations: [{ kind: undefined }] };
  if (command.format <= knownFormat) return command;
  throw formatUnknown(`entry ${index} of the key space's log has ${versions(command.format, knownFormat)}`);
}

function read(data: Uint8Array): KeyCommand | null {
  try {
    return KeyCommand.decode(new MessageReader(data));
  } catch {
    return null;
  }
}
