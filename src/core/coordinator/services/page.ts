// One page of a list: rows in key order from where the page before ended. Pages are not of one moment; what must stay
// true is that a row which is there all the time is listed exactly once.

import { status } from "@grpc/grpc-js";
import type { ListRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";

/** Also the default: an answer then stays below the message limit and delays others by milliseconds only. */
const PAGE_SIZE_MAX = 5_000;

export interface Page<Row> {
  readonly rows: Row[];
  /** Empty = there are no more. */
  readonly nextPageToken: string;
}

export interface Listed<Key extends string | number, Row> {
  /** Rows in key order from `from`, or from where its row would stand; keys may descend. */
  readonly from: (from: Key | undefined) => Iterable<Row>;
  readonly keyOf: (row: Row) => Key;
  readonly matches: (row: Row) => boolean;
}

/** Throws the RpcError of a token that no list gave. */
export function pageOf<Key extends string | number, Row>(
  request: Pick<ListRequest, "pageSize" | "pageToken">,
  { from, keyOf, matches }: Listed<Key, Row>,
): Page<Row> {
  const size = Math.min(request.pageSize || PAGE_SIZE_MAX, PAGE_SIZE_MAX);
  const after = request.pageToken === "" ? undefined : readToken<Key>(request.pageToken);
  const rows: Row[] = [];
  for (const row of from(after)) {
    if (keyOf(row) === after || !matches(row)) continue;
    const last = rows.at(-1);
    if (rows.length === size && last !== undefined) return { rows, nextPageToken: writeToken(keyOf(last)) };
    rows.push(row);
  }
  return { rows, nextPageToken: "" };
}

function writeToken(key: string | number): string {
  return Buffer.from(JSON.stringify([key])).toString("base64url");
}

function readToken<Key extends string | number>(token: string): Key {
  try {
    const [key]: unknown[] = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    if (typeof key === "string" || typeof key === "number") return key as Key;
  } catch {
    // Whatever it was, it was no token.
  }
  throw rpcError(
    status.INVALID_ARGUMENT,
    "PAGE_TOKEN_INVALID",
    "the page token is none that a list has given",
  );
}
