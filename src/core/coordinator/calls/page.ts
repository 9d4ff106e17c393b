// One page of a list: rows in key order from the end of the previous page. Pages are from different moments.
// What must stay true: a row that exists all the time is listed exactly once.

import { status } from "@grpc/grpc-js";
import type { ListRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { type RpcError, rpcError } from "../../wire/rpc-error.ts";

/**
 * Also the default. A page of 5 000 clusters took 50 ms of one pass, in which an operator has 3 ms (ADR-0030). A page has one
 * turn, so it must be short.
 */
const PAGE_SIZE_MAX = 1_000;

export interface Page<Row> {
  readonly rows: Row[];
  /** Empty = there are no more. */
  readonly nextPageToken: string;
}

export interface Listed<Key extends string | number, Row> {
  /** Its tokens are not valid for another list. */
  readonly list: string;
  /** `isText` or `isIndex`. */
  readonly isKey: (value: unknown) => value is Key;
  /** Rows in key order from `from`, or from its place if that row is gone; keys may descend. */
  readonly from: (from: Key | undefined) => Iterable<Row>;
  readonly keyOf: (row: Row) => Key;
  readonly matches: (row: Row) => boolean;
}

export const isText = (value: unknown): value is string => typeof value === "string";
/** For rows that are ordered by log index. */
export const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

/** Throws the RpcError for a token that this list never returned. */
export function pageOf<Key extends string | number, Row>(
  request: Pick<ListRequest, "pageSize" | "pageToken">,
  listed: Listed<Key, Row>,
): Page<Row> {
  const { from, keyOf, matches, list } = listed;
  const size = Math.min(request.pageSize || PAGE_SIZE_MAX, PAGE_SIZE_MAX);
  const after = request.pageToken === "" ? undefined : readToken(request.pageToken, listed);
  const rows: Row[] = [];
  for (const row of from(after)) {
    if (keyOf(row) === after || !matches(row)) continue;
    const last = rows.at(-1);
    if (rows.length === size && last !== undefined)
      return { rows, nextPageToken: writeToken(keyOf(last), list) };
    rows.push(row);
  }
  return { rows, nextPageToken: "" };
}

/** For a list with one page, and so without tokens. */
export function refuseToken({ pageToken }: Pick<ListRequest, "pageToken">): void {
  if (pageToken !== "") throw tokenInvalid();
}

function writeToken(key: string | number, list: string): string {
  return Buffer.from(JSON.stringify([key, list])).toString("base64url");
}

// Replicas from before tokens named their list give tokens without a name, and read no name.
function readToken<Key extends string | number, Row>(token: string, { list, isKey }: Listed<Key, Row>): Key {
  const content = contentOf(token);
  if (!Array.isArray(content)) throw tokenInvalid();
  const [key, of = list, ...more]: unknown[] = content;
  if (!isKey(key) || of !== list || more.length > 0) throw tokenInvalid();
  return key;
}

function contentOf(token: string): unknown {
  try {
    return JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
  } catch {
    return null;
  }
}

function tokenInvalid(): RpcError {
  const message = "this list did not issue the page token";
  return rpcError(status.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID", message);
}
