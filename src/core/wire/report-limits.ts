// The limits of a shard's report: shards send no more, and coordinators accept no more. Rows beyond a limit
// are counted and reported, so that one agent can't make its shard's reports fail. Together with a row of
// some 300 bytes for each cluster they stay well below a message's limit.

import { isPrintable } from "../base/printable.ts";

/** Clusters of one shard: ten times as many as in the largest fleet. A shard reports all of them. */
export const BINDINGS_MAX = 50_000;
/** The gravest ones. */
export const SHORTFALLS_MAX = 100;
export const SHORTFALL_BYTES_MAX = 64 * 1024;
/** The newest ones. */
export const DOUBLE_DIALS_MAX = 500;
/** Answers to instructions; the others follow with the next report. */
export const ACKS_MAX = 4_096;
/** For an answer's words: the same limit as in an instruction's row. */
export const ACK_DETAIL_BYTES_MAX = 256;
/** Kinds of machines, zones and resources by which one count is split. */
export const COUNTS_MAX = 1_000;
export const SUMMARY_DOMAINS_MAX = 100;
/** For an instance type, a zone, or a topology domain's key or value. */
const COUNTED_NAME_BYTES_MAX = 253;
/** For the host:port from which a refused agent dialed. */
export const DIALED_FROM_CHARACTERS_MAX = 259;
/** For the id of an incarnation. */
export const INCARNATION_ID_CHARACTERS_MAX = 253;

/**
 * Whether `text` may name an instance type or a zone: an operator's words in any script, from a machines
 * file.
 */
export function isCountedName(text: string): boolean {
  return (
    text.length <= COUNTED_NAME_BYTES_MAX &&
    isPrintable(text) &&
    Buffer.byteLength(text) <= COUNTED_NAME_BYTES_MAX
  );
}
