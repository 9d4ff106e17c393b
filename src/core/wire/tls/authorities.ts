// Which authority proves which identities, if they are separate (ADR-0027). TLS itself has one bundle of
// trusted authorities, so any of them could sign any identity: a tenants' authority could sign a replica.
// What must stay true: a certificate counts only if a chain of signatures leads from it to the authority of
// its identity's kind. Every key of the chain is checked, never only a name. Each certificate in between is
// an authority itself, and valid now.

import type { X509Certificate } from "node:crypto";

export const AUTHORITY_KINDS = ["peer", "shard", "agent", "operator"] as const;
export type AuthorityKind = (typeof AUTHORITY_KINDS)[number];

/** By kind, for kinds with a separate authority. */
export type ByAuthority<Value> = Readonly<Partial<Record<AuthorityKind, Value>>>;

const KIND_OF = {
  replica: "peer",
  shard: "shard",
  cluster: "agent",
  admin: "operator",
  readonly: "operator",
  operator: "operator",
  client: "operator",
} as const satisfies Record<string, AuthorityKind>;

/** An identity (identity.ts); only its kind matters here. */
interface OfKind {
  readonly kind: keyof typeof KIND_OF;
  readonly id?: string | number;
}

export const authorityKindOf = ({ kind }: OfKind): AuthorityKind => KIND_OF[kind];

export class Authorities {
  /** The content of their files, PEM. */
  readonly files: ByAuthority<Buffer>;
  readonly #others: readonly X509Certificate[];
  readonly #own: ByAuthority<readonly X509Certificate[]>;

  /** `others`: for kinds without a separate authority. */
  constructor(
    others: readonly X509Certificate[],
    own: ByAuthority<readonly X509Certificate[]>,
    files: ByAuthority<Buffer>,
  ) {
    this.#others = others;
    this.#own = own;
    this.files = files;
  }

  /**
   * Whether the authority of the identity's kind issued the chain. The chain's first certificate names the
   * identity.
   */
  prove(identity: OfKind, chain: readonly X509Certificate[], nowMs: number): boolean {
    return this.proverOf(identity, chain, nowMs) !== null;
  }

  /** The authority at the end of the chain; null = none. */
  proverOf(identity: OfKind, chain: readonly X509Certificate[], nowMs: number): X509Certificate | null {
    const trusted = (this.#own[authorityKindOf(identity)] ?? this.#others).filter((each) =>
      isValidAt(each, nowMs),
    );
    for (const [at, certificate] of chain.entries()) {
      const prover = trusted.find((authority) => isIssuedBy(certificate, authority));
      if (prover !== undefined) return prover;
      const next = chain[at + 1];
      if (next === undefined || !next.ca || !isIssuedBy(certificate, next) || !isValidAt(next, nowMs))
        return null;
    }
    return null;
  }
}

/** Whether `issuer` signed `leaf`. */
export function isIssuedBy(leaf: X509Certificate, issuer: X509Certificate): boolean {
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
}

function isValidAt({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  return validFromDate.getTime() <= nowMs && nowMs <= validToDate.getTime();
}
