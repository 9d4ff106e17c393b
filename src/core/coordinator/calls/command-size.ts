// The largest size of an operation, checked before it becomes an entry. The log is sent to every replica, and
// a refusal is stored with names from it. What must stay true: every operation that the tables would accept
// passes.

import { status } from "@grpc/grpc-js";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import { rpcError } from "../../wire/rpc-error.ts";

type Kind = NonNullable<Operation["kind"]>["$case"];

const KILOBYTE = 1024;

/** Names of 253 bytes, an address, a reason of 1 kB: a few of each. */
const ONE_ROW_BYTES = 16 * KILOBYTE;
/** 4 096 rows of a domain's key and value and a shard's name, or of an answer's words: fleet/limits.ts. */
const BATCH_BYTES = 4 * KILOBYTE * KILOBYTE;
/** A thousand slices, or members. */
const LIST_BYTES = 512 * KILOBYTE;

const LARGER: Readonly<Partial<Record<Kind, number>>> = {
  moveDomains: BATCH_BYTES,
  settleInstructions: BATCH_BYTES,
  reconcileDomains: BATCH_BYTES,
  setQuota: LIST_BYTES,
  foundMembers: LIST_BYTES,
  foundGroups: LIST_BYTES,
};

export const commandBytesMax = (kind: Kind): number => LARGER[kind] ?? ONE_ROW_BYTES;

export function commandTooLarge(bytes: number, most: number) {
  const message = `this operation takes at most ${most} bytes, and has ${bytes}`;
  return rpcError(status.INVALID_ARGUMENT, "COMMAND_TOO_LARGE", message, { limit: String(most) });
}
