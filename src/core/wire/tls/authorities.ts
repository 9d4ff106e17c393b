// Which authority proves which identities, where they are separate (ADR-0027). TLS itself knows one bundle of trust, so any of
// its authorities could sign any identity: a tenants' authority a replica. What must stay true: a certificate counts only if a
// chain of signatures leads from it to the authority of its identity's kind; every key of the chain is checked, never a name
// alone; and what stands between is an authority itself, within its own time.

import type { X509Certificate } from "node:crypto";
import type { Identity } from "./identity.ts";

export const AUTHORITY_KINDS = ["peer", "shard", "agent", "operator"] as const;
export type AuthorityKind = (typeof AUTHORITY_KINDS)[number];

/** By kind, for those that have an authority of their own. */
export type ByAuthority<Value> = Readonly<Partial<Record<AuthorityKind, Value>>>;

const KIND_OF: Readonly<Record<Identity["kind"], AuthorityKind>> = {
  replica: "peer",
  shard: "shard",
  cluster: "agent",
  admin: "operator",
  readonly: "operator",
  operator: "operator",
};

export const authorityKindOf = ({ kind }: Identity): AuthorityKind => KIND_OF[kind];

export class Authorities {
  /** What their files hold, PEM. */
  readonly files: ByAuthority<Buffer>;
  readonly #others: readonly X509Certificate[];
  readonly #own: ByAuthority<readonly X509Certificate[]>;

  /** `others`: of the kinds that have none of their own. */
  constructor(
    others: readonly X509Certificate[],
    own: ByAuthority<readonly X509Certificate[]>,
    files: ByAuthority<Buffer>,
  ) {
    this.#others = others;
    this.#own = own;
    this.files = files;
  }

  /** Whether the authority of the identity's kind issued the chain, of which the first certificate names the identity. */
  prove(identity: Identity, chain: readonly X509Certificate[], nowMs: number): boolean {
    const trusted = (this.#own[authorityKindOf(identity)] ?? this.#others).filter((each) =>
      isValidAt(each, nowMs),
    );
    for (const [at, certificate] of chain.entries()) {
      if (trusted.some((authority) => isIssuedBy(certificate, authority))) return true;
      const next = chain[at + 1];
      if (next === undefined || !next.ca || !isIssuedBy(certificate, next) || !isValidAt(next, nowMs))
        return false;
    }
    return false;
  }
}

/** Whether `issuer` signed `leaf`. */
export function isIssuedBy(leaf: X509Certificate, issuer: X509Certificate): boolean {
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}
