// The leader's answer to a forwarded operation, to and from the wire.

import { type LogIndex, logIndex } from "../../base/ids.ts";
import type { KeyResponse } from "../../kv/key-response.ts";
import type { KeyOperation } from "../../wire/gen/fleet/v1/key_command.ts";
import type { ForwardKeysResponse } from "../../wire/gen/fleet/v1/raft.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

type OperationKind = NonNullable<KeyOperation["kind"]>;
/** The operations that callers ask for; the others are the leader's own. */
export type Asked = Extract<
  OperationKind,
  { $case: "put" | "deleteRange" | "txn" | "compaction" | "leaseGrant" | "leaseRevoke" }
>;
export type ResponseTo<Case extends Asked["$case"]> = Extract<
  KeyResponse,
  { $case: Case; value: unknown }
>["value"];

/** An operation's response, with the entry that holds it. */
export interface Answered {
  readonly index: LogIndex;
  readonly revision: number;
  readonly response: KeyResponse;
}

/** Null: the leader answered something else than an operation's response. */
export function operationAnswer({ index, revision, answer }: ForwardKeysResponse): Answered | null {
  if (answer === undefined || answer.$case === "seconds" || answer.$case === "member") return null;
  return { index: logIndex(index), revision, response: answer };
}

export function toForwarded({ index, revision, response }: Answered): ForwardKeysResponse {
  switch (response.$case) {
    case "put":
    case "deleteRange":
    case "txn":
    case "compaction":
    case "leaseGrant":
    case "leaseRevoke":
      return { index, revision, answer: response };
    case "leaseTerm":
    case "leaseExpiry":
    case "retention":
      throw ETCD_ERRORS.stopped;
  }
}

/** The value of a response that is known to be of this kind. */
export function responseValue<Case extends Asked["$case"]>(
  $case: Case,
  response: KeyResponse,
): ResponseTo<Case> {
  // A leader of another build may answer anything.
  if (response.$case !== $case) throw ETCD_ERRORS.stopped;
  return (response as unknown as { readonly value: ResponseTo<Case> }).value;
}
