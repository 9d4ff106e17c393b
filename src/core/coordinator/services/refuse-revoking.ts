// Whether a revocation may be made (ADR-0026). What must stay true: who revokes keeps its own way in, so that somebody always
// can; and the voters that are left are a quorum, so that the revocation of the revocation can be committed. Only the leader
// knows what replicas show, so only it refuses.

import { status } from "@grpc/grpc-js";
import type { NodeId } from "../../base/ids.ts";
import { rejected } from "../../fleet/result.ts";
import { DenyList, type ShownCertificate } from "../../wire/deny-list.ts";
import type { RevokeCertificate } from "../../wire/gen/fleet/v1/command.ts";
import { certificateOf, formatIdentity, identityOfNames } from "../../wire/identity.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "./context.ts";
import type { Caller } from "./handler.ts";
import { answeringVoters } from "./members.ts";
import { resultError } from "./refusals.ts";

type Asked = Pick<ServiceContext, "driver" | "self" | "answers" | "clock" | "replicas" | "shownBy">;

/** Throws INVALID_REVOCATION, REVOKES_CALLER or REVOCATION_ENDS_QUORUM. */
export function refuseRevoking(context: Asked, revocation: RevokeCertificate, { identity }: Caller): void {
  if (context.driver.role !== "leader") return;
  const { subject, issuedBeforeMs } = revocation;
  const isIdentity = subject.startsWith("fleet://");
  if (isIdentity && identityOfNames(`URI:${subject}`) === null) {
    throw resultError(rejected("INVALID_REVOCATION", { field: "subject" }));
  }
  const wanted = new DenyList();
  const nowMs = Math.floor(context.clock.wallMs() / 1_000) * 1_000;
  wanted.replace([{ subject, issuedBeforeMs: issuedBeforeMs === 0 ? nowMs : issuedBeforeMs }]);
  const own = certificateOf(identity);
  if (own !== null && wanted.denies(own)) throw revokesCaller(own, isIdentity);
  refuseEndOfQuorum(context, wanted, subject);
}

function refuseEndOfQuorum(context: Asked, wanted: DenyList, subject: string): void {
  const { config } = context.driver.status();
  const answering = answeringVoters(context);
  for (const voters of [config.voters, config.votersOutgoing]) {
    const hit = voters.filter((id) => isHit(context, id, wanted, subject));
    if (hit.length === 0) continue;
    const quorum = Math.floor(voters.length / 2) + 1;
    const left = voters.filter((id) => answering.has(id) && !hit.includes(id));
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

/** Of a voter that shows nothing, which is down, its whole identity counts. */
function isHit({ shownBy }: Asked, id: NodeId, wanted: DenyList, subject: string): boolean {
  const shown = shownBy(id);
  if (shown.length === 0) return subject === formatIdentity({ kind: "replica", id });
  return shown.some((certificate) => wanted.denies(certificate));
}

function revokesCaller({ serial, uri, notBeforeMs }: ShownCertificate, isIdentity: boolean) {
  const message = `that would revoke the certificate ${serial} with which this call is made`;
  return rpcError(status.FAILED_PRECONDITION, "REVOKES_CALLER", message, {
    ...{ serial, who: uri, issued: new Date(notBeforeMs).toISOString() },
    ...(isIdentity ? { identity: uri } : {}),
  });
}
