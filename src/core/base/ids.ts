// Branded identifiers: a term can't be passed for an index, nor a shard's name for a cluster's. All numbers
// are safe integers; the wire asserts it.

import { quoted } from "./printable.ts";

declare const brand: unique symbol;
type Brand<Value, Name extends string> = Value & { readonly [brand]: Name };

export type NodeId = Brand<number, "NodeId">;
export type Term = Brand<number, "Term">;
export type LogIndex = Brand<number, "LogIndex">;
export type GroupId = Brand<number, "GroupId">;

export const nodeId = (value: number): NodeId => value as NodeId;
export const term = (value: number): Term => value as Term;
export const logIndex = (value: number): LogIndex => value as LogIndex;
export const groupId = (value: number): GroupId => value as GroupId;

/**
 * Limit of members' numbers from cluster version 2 on. The replicated tables enforce it, so another limit
 * needs the next version, like those in fleet/limits.ts. It is far below what Raft's messages can carry
 * (raft/well-formed.ts): every replica would drop a configuration change with a larger number.
 */
export const MEMBER_NUMBER_MAX = 2 ** 31 - 1;

/** Whether a new member may have this number. Rows from before cluster version 2 may have others. */
export function isMemberNumber(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 1 && number <= MEMBER_NUMBER_MAX;
}

/** The group that holds the fleet's own tables. */
export const FLEET_GROUP = groupId(0);

const NAME = /^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/;

/** The rule of names in words. */
export const NAME_RULE = "a name has a-z 0-9 . _ -, with a letter or digit at both ends";

/** A name for use in a sentence. An invalid name is quoted. */
export const shownName = (text: string): string => (isName(text) ? text : quoted(text));

/** Whether `text` can name a shard, cluster, node or fleet: an RFC 1123 subdomain's alphabet, 1 to 253 characters. */
export function isName(text: string): boolean {
  return NAME.test(text);
}
