// Which certificates are revoked (ADR-0026). What must stay true: only certificates that were issued already
// can be revoked, so that an identity can always get a new one. A repeated revocation never becomes weaker.
// The version of the list rises with each change, including removals, so that a process knows which of two
// lists is newer.

import type {
  KeepRevocations,
  RevokeCertificate,
  UnrevokeCertificate,
} from "../../wire/gen/fleet/v1/command.ts";
import { IDENTITY_BYTES_MAX, REVOCATIONS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState } from "../state.ts";
import { isPrintable, shortened } from "../validate.ts";

/** A certificate's times are whole seconds. */
const GRAIN_MS = 1_000;

export function revokeCertificate(
  state: FleetState,
  context: ApplyContext,
  { subject, issuedBeforeMs, holder, endsAtMs }: RevokeCertificate,
): Result {
  const { revocations } = state.tables;
  const { index, atMs, actor, reason } = context;
  const isIdentity = isIdentityName(subject);
  if (!isIdentity && !isSerial(subject)) return rejected("INVALID_REVOCATION", { field: "subject" });
  if (issuedBeforeMs > atMs) return rejected("INVALID_REVOCATION", { field: "issued_before" });
  const before = revocations.get(subject);
  const wantedMs = isIdentity ? inSeconds(issuedBeforeMs === 0 ? atMs : issuedBeforeMs) : 0;
  if (before !== undefined && before.issuedBeforeMs >= wantedMs) return unchanged(before.version);
  if (before === undefined && revocations.size >= REVOCATIONS_MAX) {
    return rejected("TOO_MANY", { limit: REVOCATIONS_MAX, what: "revocations" });
  }
  const about = isIdentity
    ? { holder: "", endsAtMs: 0 }
    : { holder: shortened(holder, IDENTITY_BYTES_MAX), endsAtMs };
  const said = { sinceMs: atMs, by: actor, reason };
  revocations.put({ subject, issuedBeforeMs: wantedMs, ...about, ...said, version: index });
  return listChanged(state, index);
}

export function unrevokeCertificate(
  state: FleetState,
  context: ApplyContext,
  { subject }: UnrevokeCertificate,
): Result {
  const { revocations } = state.tables;
  if (revocations.get(subject) === undefined) {
    return rejected("REVOCATION_UNKNOWN", { subject: shortened(subject, IDENTITY_BYTES_MAX) });
  }
  revocations.remove(subject);
  return listChanged(state, context.index);
}

/** What is revoked already, as long as here or longer, stays as it is. */
export function keepRevocations(
  state: FleetState,
  { index, atMs, actor, reason }: ApplyContext,
  { revocations: kept }: KeepRevocations,
): Result {
  const { revocations } = state.tables;
  const news = kept.filter(({ subject, issuedBeforeMs }) => {
    const known = revocations.get(subject);
    return known === undefined || known.issuedBeforeMs < issuedBeforeMs;
  });
  if (!news.every(({ subject }) => isSubject(subject)))
    return rejected("INVALID_REVOCATION", { field: "subject" });
  const added = new Set(news.map(({ subject }) => subject).filter((each) => !revocations.get(each)));
  if (revocations.size + added.size > REVOCATIONS_MAX)
    return rejected("TOO_MANY", { limit: REVOCATIONS_MAX, what: "revocations" });
  if (news.length === 0) return unchanged(index);
  const said = { sinceMs: atMs, by: actor, reason, version: index };
  for (const { subject, issuedBeforeMs } of news) {
    const { holder = "", endsAtMs = 0 } = revocations.get(subject) ?? {};
    revocations.put({ subject, issuedBeforeMs, holder, endsAtMs, ...said });
  }
  return listChanged(state, index);
}

/** Whether a row can hold it. */
export const isSubject = (subject: string): boolean => isIdentityName(subject) || isSerial(subject);

function listChanged(state: FleetState, index: number): Result {
  state.tables.revocationLists.put({ version: index });
  return changed(index);
}

/**
 * Only checks whether a row can hold it. The leader checks before whether a certificate can have this
 * identity.
 */
function isIdentityName(subject: string): boolean {
  return subject.startsWith("fleet://") && isPrintable(subject, IDENTITY_BYTES_MAX);
}

/** At most 20 bytes (RFC 5280), without leading zeros. */
function isSerial(subject: string): boolean {
  return /^[1-9A-F][0-9A-F]{0,39}$/.test(subject);
}

const inSeconds = (ms: number): number => ms - (ms % GRAIN_MS);
