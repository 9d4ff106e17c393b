// Makes the authority of a fleet on hosts of its own: two files in a folder that no host needs. What must
// stay true: no file is ever replaced, and only its owner can read the key from its first byte on.

import { X509Certificate } from "node:crypto";
import { resolve } from "node:path";
import { isName } from "../../core/base/ids.ts";
import type { AuthorityKind } from "../../core/wire/tls/authorities.ts";
import { badFleetName } from "../files/fleet-name.ts";
import { authorityFilesIn, kindAuthorityFilesIn } from "../files/layout.ts";
import { KEY_MODE, PUBLIC_MODE } from "../files/modes.ts";
import { createAuthorities, createAuthority, trustOfOperators } from "./certs.ts";
import { writeNewFiles } from "./new-files.ts";

export interface AuthorityReport {
  readonly name: string;
  readonly cert: string;
  readonly key: string;
  readonly notAfter: string;
}

/** Four authorities, of peers, shards, agents and operators. */
export interface SeparateReport {
  readonly name: string;
  /** What operators trust: the peers' authority, and their own. */
  readonly cert: string;
  readonly notAfter: string;
  readonly authorities: readonly {
    readonly kind: AuthorityKind;
    readonly cert: string;
    readonly key: string;
  }[];
}

/** For the fleet called `name`, in the folder `out`. Throws OperatorError: USAGE or FILE_EXISTS. */
export async function makeAuthority(name: string, out: string, nowMs: number): Promise<AuthorityReport> {
  if (!isName(name)) throw badFleetName(name);
  const folder = resolve(out);
  const { cert, key } = authorityFilesIn(folder);
  // The two authorities that a fleet trusts during a change must differ in name.
  const made = await createAuthority(`${name} authority ${new Date(nowMs).toISOString()}`);
  await writeNewFiles(folder, [
    { path: key, text: made.key, mode: KEY_MODE },
    { path: cert, text: made.certificate, mode: PUBLIC_MODE },
  ]);
  return { name, cert, key, notAfter: new X509Certificate(made.certificate).validToDate.toISOString() };
}

/**
 * Like `makeAuthority`, one for each kind of identity, and `ca.crt` with those that operators trust
 * (ADR-0027).
 */
export async function makeAuthorities(name: string, out: string, nowMs: number): Promise<SeparateReport> {
  if (!isName(name)) throw badFleetName(name);
  const folder = resolve(out);
  const { cert } = authorityFilesIn(folder);
  const made = await createAuthorities(`${name} authority ${new Date(nowMs).toISOString()}`);
  const authorities = made.map(({ kind }) => ({ kind, ...pairIn(folder, kind) }));
  await writeNewFiles(folder, [
    ...made.flatMap(({ kind, pair }) => {
      const files = kindAuthorityFilesIn(folder, kind);
      return [
        { path: files.key, text: pair.key, mode: KEY_MODE },
        { path: files.cert, text: pair.certificate, mode: PUBLIC_MODE },
      ];
    }),
    { path: cert, text: trustOfOperators(made), mode: PUBLIC_MODE },
  ]);
  const ends = made.map(({ pair }) => new X509Certificate(pair.certificate).validToDate.getTime());
  return { name, cert, notAfter: new Date(Math.min(...ends)).toISOString(), authorities };
}

function pairIn(folder: string, kind: AuthorityKind): { readonly cert: string; readonly key: string } {
  const { cert, key } = kindAuthorityFilesIn(folder, kind);
  return { cert, key };
}
