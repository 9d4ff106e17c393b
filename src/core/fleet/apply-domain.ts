// Which shard serves which topology domain. Rows come and go, so a row's version is the log index of its last
// change (as etcd's mod_revision): a row removed and made again never repeats a version, and a compare-and-set
// on an old one can't succeed by accident.

import type { AssignDomain, Domain, UnassignDomain } from "../wire/gen/fleet/v1/command.ts";
import { checkShardKnown } from "./apply-shard.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "./result.ts";
import { domainKey } from "./schema.ts";
import type { FleetState } from "./state.ts";
import { checkDomain, checkNames } from "./validate.ts";

/** The version of a row that is not there. */
const ABSENT = 0;

export function assignDomain(state: FleetState, context: ApplyContext, operation: AssignDomain): Result {
  const { key, value, shardId, expectedVersion } = operation;
  const refused =
    checkDomain(key, value) ?? checkNames({ shard: shardId }) ?? checkShardKnown(state, shardId);
  if (refused !== null) return refused;

  const { domains } = state.tables;
  const row = domains.get(domainKey(key, value));
  const conflict = checkVersion(row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row?.shardId === shardId) return unchanged(row.version);
  // Without a version the caller has not said that it knows the present owner.
  if (row !== undefined && expectedVersion === undefined) {
    return rejected("DOMAIN_ALREADY_ASSIGNED", `domain ${key}=${value} is assigned to ${row.shardId}`, {
      owner: row.shardId,
      version: row.version,
    });
  }
  domains.put({ key, value, shardId, version: context.index });
  return changed(context.index);
}

/** Idempotent: a domain that is not assigned is as asked for, whatever version the caller had seen. */
export function unassignDomain(state: FleetState, operation: UnassignDomain): Result {
  const { key, value, expectedVersion } = operation;
  const invalid = checkDomain(key, value);
  if (invalid !== null) return invalid;

  const { domains } = state.tables;
  const row = domains.get(domainKey(key, value));
  if (row === undefined) return unchanged(ABSENT);
  const conflict = checkVersion(row, expectedVersion);
  if (conflict !== null) return conflict;
  domains.remove(domainKey(key, value));
  return changed(ABSENT);
}

function checkVersion(row: Readonly<Domain> | undefined, expected: number | undefined): Result | null {
  const actual = row?.version ?? ABSENT;
  if (expected === undefined || expected === actual) return null;
  const what = `the domain's version is ${actual}, not ${expected}`;
  return rejected("VERSION_CONFLICT", what, { actual, expected });
}
