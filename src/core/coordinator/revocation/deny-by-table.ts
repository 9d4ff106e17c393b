// Makes this process's deny-list follow the applied state (ADR-0026). What must stay true: while a snapshot
// is being restored, the incomplete state lifts no revocation. If the list can't follow, the exception stops the
// replica: otherwise it would accept revoked certificates for as long as it runs.

import type { NodeId } from "../../base/ids.ts";
import type { FleetView } from "../../fleet/state.ts";
import { REVOCATION_LIST_KEY } from "../../fleet/tables/schema.ts";
import type { Revocation } from "../../wire/gen/fleet/v1/command.ts";
import type { Denial, ShownCertificate } from "../../wire/tls/deny-list.ts";
import type { HeldDenials } from "../../wire/tls/held-denials.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import { ownCertificate } from "../../wire/tls/peer-certificate.ts";
import { servedCertificate } from "../../wire/tls/served-certificate.ts";
import type { Tls } from "../../wire/tls/tls.ts";

interface AppliedState {
  readonly view: FleetView;
  readonly isRestoring: boolean;
  onApplied(listener: () => void): () => void;
}

/** The log index of the last change of the deny-list; 0 = nothing was ever revoked. */
export function revocationsVersion({ tables }: FleetView): number {
  return tables.revocationLists.get(REVOCATION_LIST_KEY)?.version ?? 0;
}

/**
 * Follows the restored state until the returned function is called. The stored list may be newer than the
 * state.
 */
export function denyByTable(state: AppliedState, incarnation: string, held: HeldDenials): () => void {
  let seen = 0;
  const follow = () => {
    if (state.isRestoring) return;
    const version = revocationsVersion(state.view);
    if (version === seen) return;
    seen = version;
    held.take({ incarnation, version, denials: [...state.view.tables.revocations.rows()].map(denialOf) });
  };
  follow();
  return state.onApplied(follow);
}

export function denialOf({ subject, issuedBeforeMs }: Readonly<Revocation>): Denial {
  return { subject, issuedBeforeMs };
}

// A replica must answer this much sooner than the leader's call ends.
const SERVED_WITHIN_MS = 5_000;

interface ServedFrom {
  readonly self: NodeId;
  readonly tls: Tls;
  readonly addressOf: (replica: NodeId) => string | undefined;
  readonly answers: (replica: NodeId) => boolean;
}

/** The certificate with which a replica serves now; null without TLS, and if it does not answer in time. */
export async function servedBy(
  replica: NodeId,
  { self, tls, addressOf, answers }: ServedFrom,
): Promise<ShownCertificate | null> {
  const uri = formatIdentity({ kind: "replica", id: replica });
  if (tls === "insecure-loopback") return null;
  if (replica === self) return ownCertificate(tls, uri);
  const address = addressOf(replica);
  if (address === undefined || !answers(replica)) return null;
  const served = await servedCertificate(tls, address, SERVED_WITHIN_MS);
  return served?.uri === uri ? served : null;
}
