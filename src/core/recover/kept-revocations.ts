// Which revocations a recovery or a restore must not lose: those that some replica or shard knew, and the copy does
// not. Pure. What must stay true: a list that is older than the copy's own adds nothing, since what it has beyond
// the copy was taken back. A list of another incarnation can't be compared, so all of it is kept.

import { assert } from "../base/assert.ts";
import { isSubject } from "../fleet/apply/apply-revocation.ts";
import { REVOCATIONS_MAX } from "../fleet/limits.ts";
import { decodeSnapshot } from "../fleet/snapshot/snapshot.ts";
import type { FleetView } from "../fleet/state.ts";
import { REVOCATION_LIST_KEY } from "../fleet/tables/schema.ts";
import type { KeptRevocation } from "../wire/gen/fleet/v1/command.ts";

export interface RevocationList {
  /** The cluster's id in the incarnation of `version`. */
  readonly incarnation: string;
  /** The log index of the list's last change. */
  readonly version: number;
  readonly denials: readonly KeptRevocation[];
}

export function revocationListOf({ tables }: Pick<FleetView, "tables">, incarnation: string): RevocationList {
  const version = tables.revocationLists.get(REVOCATION_LIST_KEY)?.version ?? 0;
  const denials = [...tables.revocations.rows()].map(({ subject, issuedBeforeMs }) => ({
    ...{ subject, issuedBeforeMs },
  }));
  return { incarnation, version, denials };
}

/** Of a snapshot that was verified. */
export function revocationListIn(snapshot: Uint8Array, incarnation: string): RevocationList {
  const restored = decodeSnapshot(snapshot);
  assert(restored.ok, "a snapshot that was verified can be decoded");
  return revocationListOf(restored.state, incarnation);
}

/** By subject; "too-many": the table has no room for all. */
export function missingRevocations(
  copy: RevocationList,
  lists: readonly RevocationList[],
): readonly KeptRevocation[] | "too-many" {
  const known = new Map(copy.denials.map(({ subject, issuedBeforeMs }) => [subject, issuedBeforeMs]));
  const missing = new Map<string, number>();
  for (const { incarnation, version, denials } of lists) {
    if (incarnation === copy.incarnation && version <= copy.version) continue;
    for (const { subject, issuedBeforeMs } of denials) {
      const best = Math.max(known.get(subject) ?? -1, missing.get(subject) ?? -1);
      if (isSubject(subject) && issuedBeforeMs > best) missing.set(subject, issuedBeforeMs);
    }
  }
  if (new Set([...known.keys(), ...missing.keys()]).size > REVOCATIONS_MAX) return "too-many";
  return [...missing].map(([subject, issuedBeforeMs]) => ({ subject, issuedBeforeMs })).sort(bySubject);
}

const bySubject = (a: KeptRevocation, b: KeptRevocation) => (a.subject < b.subject ? -1 : 1);
