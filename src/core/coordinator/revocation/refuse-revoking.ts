// Whether a revocation may be made (ADR-0026). What must stay true: the caller keeps its own access, so that
// a mistake can be undone. The remaining voters are a quorum, so that undoing it can be committed. Only the
// leader reaches all replicas, so only the leader refuses.

import { status } from "@grpc/grpc-js";
import type { NodeId } from "../../base/ids.ts";
import { rejected } from "../../fleet/result.ts";
import type { RevokeCertificate } from "../../wire/gen/fleet/v1/command.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { type Denial, DenyList, type ShownCertificate } from "../../wire/tls/deny-list.ts";
import { certificateOf, formatIdentity, identityOfNames } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { resultError } from "../calls/refusals.ts";
import { answeringVoters } from "../membership/members.ts";
import { denialOf } from "./deny-by-table.ts";

type Asked = Pick<
  ServiceContext,
  "driver" | "self" | "answers" | "clock" | "replicas" | "servedBy" | "machine" | "tls"
>;

/** The voters' present certificates; an absent voter's is unknown. */
type Served = ReadonlyMap<NodeId, ShownCertificate>;

interface Judged {
  /** The list without this revocation. */
  readonly before: DenyList;
  /** The list with this revocation. */
  readonly after: DenyList;
  readonly subject: string;
  readonly served: Served;
}

/** Rejects with INVALID_REVOCATION, REVOKES_CALLER or REVOCATION_ENDS_QUORUM. */
export async function refuseRevoking(
  context: Asked,
  { subject, issuedBeforeMs }: RevokeCertificate,
  { identity }: Caller,
): Promise<void> {
  if (context.driver.role !== "leader") return;
  const isIdentity = subject.startsWith("fleet://");
  if (isIdentity && !isIdentityName(subject)) {
    throw resultError(rejected("INVALID_REVOCATION", { field: "subject" }));
  }
  const served = await servedByVoters(context);
  // From here on in the same turn as the proposal.
  const nowMs = Math.floor(context.clock.wallMs() / 1_000) * 1_000;
  const wanted = { subject, issuedBeforeMs: issuedBeforeMs === 0 ? nowMs : issuedBeforeMs };
  const own = certificateOf(identity);
  if (own !== null && listOf([wanted]).denies(own)) throw revokesCaller(own, isIdentity);
  // Without certificates none can be lost.
  if (context.tls === "insecure-loopback") return;
  const rows = [...context.machine.view.tables.revocations.rows()].map(denialOf);
  refuseEndOfQuorum(context, { before: listOf(rows), after: withDenial(rows, wanted), subject, served });
}

/**
 * Whether a certificate can have this identity: by its parts alone, so that no name that never matches is
 * accepted.
 */
function isIdentityName(subject: string): boolean {
  const parsed = identityOfNames(`URI:${subject}`);
  return parsed !== null && formatIdentity(parsed) === subject;
}

async function servedByVoters(context: Asked): Promise<Served> {
  const { config } = context.driver.status();
  const voters = [...new Set([...config.voters, ...config.votersOutgoing])];
  const served = await Promise.all(voters.map(async (id) => [id, await context.servedBy(id)] as const));
  return new Map(served.flatMap(([id, certificate]) => (certificate === null ? [] : [[id, certificate]])));
}

function listOf(denials: readonly Denial[]): DenyList {
  const list = new DenyList();
  list.replace(denials);
  return list;
}

/** A revocation never becomes weaker (fleet/apply/apply-revocation.ts). */
function withDenial(rows: readonly Denial[], { subject, issuedBeforeMs }: Denial): DenyList {
  const beforeMs = rows.find((row) => row.subject === subject)?.issuedBeforeMs ?? 0;
  return listOf([...rows, { subject, issuedBeforeMs: Math.max(beforeMs, issuedBeforeMs) }]);
}

function refuseEndOfQuorum(context: Asked, judged: Judged): void {
  const { config } = context.driver.status();
  const answering = answeringVoters(context);
  for (const voters of [config.voters, config.votersOutgoing]) {
    const hit = voters.filter((id) => isHit(id, judged, answering.has(id)));
    if (hit.length === 0) continue;
    const quorum = Math.floor(voters.length / 2) + 1;
    const left = voters.filter((id) => answering.has(id) && !hit.includes(id) && isSpared(id, judged));
    if (left.length >= quorum) continue;
    const nameOf = (id: NodeId) => context.replicas.find((peer) => peer.id === id)?.name ?? String(id);
    const names = hit.map(nameOf).join(", ");
    const message = `without ${names} only ${left.length} of ${voters.length} voters are left, and their quorum is ${quorum}`;
    throw rpcError(status.FAILED_PRECONDITION, "REVOCATION_ENDS_QUORUM", message, {
      nodes: names,
      quorum: String(quorum),
      left: String(left.length),
    });
  }
}

/**
 * Refused by this revocation and not by an earlier one. For a voter without a known certificate its whole
 * identity counts; if it answers, any serial number may be its own.
 */
function isHit(id: NodeId, { before, after, subject, served }: Judged, answers: boolean): boolean {
  const certificate = served.get(id);
  if (certificate === undefined) {
    const isSerial = !subject.startsWith("fleet://");
    return isSerial ? answers : subject === formatIdentity({ kind: "replica", id });
  }
  return after.denies(certificate) && !before.denies(certificate);
}

/** Whether its certificate is known and not revoked. */
function isSpared(id: NodeId, { after, served }: Judged): boolean {
  const certificate = served.get(id);
  return certificate !== undefined && !after.denies(certificate);
}

function revokesCaller({ serial, uri, notBeforeMs }: ShownCertificate, isIdentity: boolean) {
  const message = `this would revoke certificate ${serial}, which the caller uses`;
  return rpcError(status.FAILED_PRECONDITION, "REVOKES_CALLER", message, {
    ...{ serial, who: uri, issued: new Date(notBeforeMs).toISOString() },
    ...(isIdentity ? { identity: uri } : {}),
  });
}
