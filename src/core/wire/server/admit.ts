// Which callers are admitted. A caller without exactly one identity is refused everywhere, even by health and
// reflection. A caller that may not call this method gets an error that says so. Reasons are the same on
// every port.

import { status } from "@grpc/grpc-js";
import { type RpcError, rpcError } from "../rpc-error.ts";
import { authorityKindOf } from "../tls/authorities.ts";
import {
  type Claim,
  certificateOf,
  claimedBySession,
  type Fault,
  formatIdentity,
  type Identity,
  identityOfSession,
  isRevoked,
  type PeerSession,
} from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import type { MethodRule } from "./method-rules.ts";

/** The identity of the caller of `path` on this connection; otherwise why it is refused. */
export function admitted(
  session: PeerSession | null,
  path: string,
  tls: Tls,
  { allow, denied }: Pick<MethodRule, "allow" | "denied">,
): Identity | RpcError {
  const identity = identityOfSession(session, tls);
  const claimed = claimedBySession(session);
  if (claimed !== null) return notProved(claimed);
  if (identity === null) return IDENTITY_MISSING;
  const revoked = revocationOf(identity, tls);
  if (revoked !== null) return revoked;
  return allow(identity) ? identity : notAllowed(identity, shownPath(path), denied);
}

/** Made once for each connection and method, so that each call of a storm of refused calls costs little. */
const REFUSED = new WeakMap<Identity, Map<string, RpcError>>();

function notAllowed(identity: Identity, method: string, text: string | undefined): RpcError {
  const known = REFUSED.get(identity)?.get(method);
  if (known !== undefined) return known;
  const who = formatIdentity(identity);
  const message = text ?? `${who} may not call ${method}`;
  const made = rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message, { who });
  const others = REFUSED.get(identity) ?? new Map<string, RpcError>();
  // A caller chooses the method's name: beyond this number, made-up names are not kept.
  if (others.size < REFUSED_METHODS_MAX) REFUSED.set(identity, others.set(method, made));
  return made;
}

/** More methods than a server has. */
const REFUSED_METHODS_MAX = 64;

const IDENTITY_MISSING = rpcError(
  status.UNAUTHENTICATED,
  "IDENTITY_MISSING",
  "the certificate must hold exactly one URI, a fleet:// one, and this one does not",
);

function notProved({ identity, fault }: Claim): RpcError {
  const who = formatIdentity(identity);
  const { reason, why } = FAULTS[fault];
  const message = `the certificate of ${who} ${why(identity)}`;
  return rpcError(status.UNAUTHENTICATED, reason, message, { who });
}

const FAULTS: Readonly<
  Record<Fault, { readonly reason: string; readonly why: (identity: Identity) => string }>
> = {
  authority: {
    reason: "AUTHORITY_MISMATCH",
    why: (identity) => `was not issued by the ${authorityKindOf(identity)} authority`,
  },
  expired: { reason: "CERTIFICATE_EXPIRED", why: () => "has expired" },
  serial: {
    reason: "CERTIFICATE_SERIAL_UNUSABLE",
    why: () =>
      "has a serial number by which it could not be revoked: it must be positive, of at most 20 bytes",
  },
};

/** Why the certificate that proved `identity` is refused; null if it is not. */
export function revocationOf(identity: Identity, tls: Tls): RpcError | null {
  if (!isRevoked(identity, tls)) return null;
  const who = formatIdentity(identity);
  const serial = certificateOf(identity)?.serial ?? "";
  const message = `the certificate ${serial} of ${who} is revoked`;
  return rpcError(status.UNAUTHENTICATED, "CERTIFICATE_REVOKED", message, { who, serial });
}

const SHOWN_MAX = 100;

/** A caller's text: only the method's name is kept. */
export function shownPath(path: string): string {
  return path.length <= SHOWN_MAX && /^[\w./]+$/.test(path) ? path : "this method";
}
