// Who changed what, when and why: the newest entries, as rows. Older ones are trimmed once they are exported.
// Without exports more entries are kept; dropped ones are counted, so that a gap never goes unnoticed.

import { assert } from "../../base/assert.ts";
import type { LogIndex } from "../../base/ids.ts";
import type { AuditExport, NoteAuditExported, Operation } from "../../wire/gen/fleet/v1/command.ts";
import type { NewCommand } from "../command-codec.ts";
import { CHAIN_VERSION } from "../format.ts";
import { describeOperation } from "../format-1/describe.ts";
import { effectsInWords } from "../format-1/effects.ts";
import { AUDIT_ENTRIES_MAX, AUDIT_UNEXPORTED_MAX } from "../limits.ts";
import { changed, type Facts, metadataOf, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState, FleetView } from "../state.ts";
import { chainEntry } from "../tables/audit-row.ts";
import { AUDIT_EXPORT_KEY } from "../tables/schema.ts";
import { chainHead, NO_HASH } from "./audit-chain.ts";
import { auditFacts } from "./audit-facts.ts";

/** `effects`: what was changed with the operation. */
export function addAuditEntry(
  state: FleetState,
  index: LogIndex,
  { atMs, actor, reason }: NewCommand,
  operation: NonNullable<Operation["kind"]>,
  effects: Facts,
): void {
  const entry = { index, atMs, actor, reason };
  if (state.clusterVersion >= CHAIN_VERSION) {
    const metadata = metadataOf({ ...auditFacts(operation), ...effects });
    const said = { ...entry, what: "", operation: operation.$case, metadata, hash: NO_HASH };
    state.tables.audit.put(chainEntry(chainHead(state), said));
  } else {
    const what = inWords(operation, metadataOf(effects));
    state.tables.audit.put({ ...entry, what, operation: "", metadata: {}, hash: NO_HASH });
  }
  trim(state);
}

function inWords(
  operation: NonNullable<Operation["kind"]>,
  effects: Readonly<Record<string, string>>,
): string {
  const [what, effect] = [describeOperation(operation), effectsInWords(operation.$case, effects)];
  return effect === "" ? what : `${what}, which ${effect}`;
}

export function noteAuditExported(state: FleetState, { throughIndex }: NoteAuditExported): Result {
  const { auditExports } = state.tables;
  const known = auditExportOf(state);
  if (throughIndex > state.appliedIndex) {
    return rejected("INDEX_UNKNOWN", { index: throughIndex });
  }
  if (throughIndex <= known.throughIndex) return unchanged(known.throughIndex);
  auditExports.put({ ...known, throughIndex });
  trim(state);
  return changed(throughIndex);
}

export function auditExportOf({ tables }: FleetView): Readonly<AuditExport> {
  return (
    tables.auditExports.get(AUDIT_EXPORT_KEY) ?? {
      throughIndex: 0,
      dropped: 0,
      trimmedHash: NO_HASH,
    }
  );
}

function trim(state: FleetState): void {
  const { audit, auditExports } = state.tables;
  const known = auditExportOf(state);
  let { dropped, trimmedHash } = known;
  while (audit.size > AUDIT_ENTRIES_MAX) {
    const oldest = audit.firstKey() ?? 0;
    const isExported = oldest <= known.throughIndex;
    if (!isExported && audit.size <= AUDIT_UNEXPORTED_MAX) break;
    if (!isExported) dropped += 1;
    trimmedHash = audit.get(oldest)?.hash ?? NO_HASH;
    audit.remove(oldest);
  }
  if (dropped !== known.dropped || trimmedHash !== known.trimmedHash) {
    auditExports.put({ ...known, dropped, trimmedHash });
  }
  assert(audit.size <= AUDIT_UNEXPORTED_MAX, "the audit log is bounded, exported or not");
}
