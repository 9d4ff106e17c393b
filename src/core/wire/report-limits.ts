// How much of each kind a shard's report carries: shards send no more, and coordinators take in no more. What is beyond is
// counted and told, so that one agent cannot make its shard's reports fail. Together with a row of some 300 bytes for each
// cluster they stay well below a message's limit.

import { isPrintable } from "../base/printable.ts";

/** Clusters of one shard: ten times what the largest fleet gives one. A shard tells all that it has. */
export const BINDINGS_MAX = 50_000;
/** The gravest. */
export const SHORTFALLS_MAX = 100;
export const SHORTFALL_BYTES_MAX = 64 * 1024;
/** The newest are among them. */
export const DOUBLE_DIALS_MAX = 500;
/** Answers to instructions; the rest comes with the next report. */
export const ACKS_MAX = 4_096;
/** Of an answer's words: as much as the row of an instruction keeps. */
export const ACK_DETAIL_BYTES_MAX = 256;
/** Kinds of machines, zones and resources that one count is split by. */
export const COUNTS_MAX = 1_000;
export const SUMMARY_DOMAINS_MAX = 100;
/** Of an instance type, a zone, or a topology domain's key or value. */
const COUNTED_NAME_BYTES_MAX = 253;
/** Where a refused agent dialed from: host:port. */
export const DIALED_FROM_CHARACTERS_MAX = 259;
/** How a cluster's beginning is called. */
export const INCARNATION_ID_CHARACTERS_MAX = 253;

/** Whether `text` may name an instance type or a zone: an operator's words, from a machines file, of any script. */
export function isCountedName(text: string): boolean {
  return (
    text.length <= COUNTED_NAME_BYTES_MAX &&
    isPrintable(text) &&
    Buffer.byteLength(text) <= COUNTED_NAME_BYTES_MAX
  );
}
