// Mutual TLS for every port: the certificates that a process presents and trusts, read from its files and
// checked to belong together. identity.ts reads whom a certificate names, validity.ts how long it is valid.
// credentials.ts uses the material, and live-tls.ts follows the files while they change.

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Exit, OperatorError } from "../../base/errors.ts";
import { certificateBlocks } from "../../base/pem.ts";
import {
  AUTHORITY_KINDS,
  Authorities,
  type AuthorityKind,
  type ByAuthority,
  isIssuedBy,
} from "./authorities.ts";
import type { DenyList } from "./deny-list.ts";

/** Paths of PEM files: the authority, and this process's own certificate and private key. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** For kinds of identities whose authority is not in `ca` (ADR-0027). */
  readonly authorities?: ByAuthority<string>;
  /** Absent: 1.3. */
  readonly minVersion?: OlderTls;
}

/** What a port may accept in addition to TLS 1.3. */
export type OlderTls = "TLSv1.2";

/** The content of the files. */
export interface TlsContents {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly authorities?: ByAuthority<Buffer>;
}

/** PEM contents, checked to belong together. */
export interface TlsMaterial {
  /** All authorities: one, or several during a rotation, or if they are separate. */
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Which of them proves which identities. Absent: each proves all. */
  readonly authorities?: Authorities | undefined;
  /** What this process's port accepts; absent: TLS 1.3. */
  readonly minVersion?: OlderTls | undefined;
  /** Why the present files are not used; empty or absent: they are. */
  readonly refusal?: string;
  /** Certificates of the authority that are refused. Absent: this process knows of none. */
  readonly denyList?: DenyList;
  /**
   * Calls `listener` when the three have changed, until the returned function is called. Absent: they never
   * change.
   */
  onChange?(listener: () => void): () => void;
}

/** The choice in a process's flags. */
export type TlsChoice = TlsFiles | "insecure-loopback";

/** The material that a process uses. */
export type Tls = TlsMaterial | "insecure-loopback";

/** Reads and checks the files. Throws an OperatorError (Exit.Authentication) that names the file at fault. */
export function loadTls(choice: TlsFiles): TlsMaterial;
export function loadTls(choice: TlsChoice): Tls;
export function loadTls(choice: TlsChoice): Tls {
  if (choice === "insecure-loopback") return choice;
  const { ca, cert, key, authorities } = choice;
  const own = authorities === undefined ? {} : { authorities: mapAuthorities(authorities, readPem) };
  return checkTls({ ca: readPem(ca), cert: readPem(cert), key: readPem(key), ...own }, choice);
}

/** The content of the files, once it is known to belong together. Throws like `loadTls`. */
export function checkTls(found: TlsContents, from: TlsFiles): TlsMaterial {
  const others = authoritiesOf(found.ca, from.ca);
  const separate = found.authorities ?? {};
  const own = mapAuthorities(separate, (pem, kind) => authoritiesOf(pem, from.authorities?.[kind] ?? ""));
  const authorities = [...others, ...Object.values(own).flat()];
  const chain = certificatesOf(found.cert, from.cert);
  const leaf = chain[0];
  if (leaf === undefined) throw tlsError(from.cert, "holds no certificate");
  const key = keyOf(leaf, found.key, from);
  if (![...chain.slice(1), ...authorities].some((issuer) => isIssuedBy(leaf, issuer))) {
    throw tlsError(from.cert, `was not issued by the authority in ${from.ca}`);
  }
  const { minVersion } = from;
  const material = { cert: found.cert, key, ...(minVersion === undefined ? {} : { minVersion }) };
  if (Object.keys(separate).length === 0) return { ca: found.ca, ...material };
  const all = [found.ca, ...Object.values(separate)].flatMap((pem) => [pem, Buffer.from("\n")]);
  return { ca: Buffer.concat(all), ...material, authorities: new Authorities(others, own, separate) };
}

export function mapAuthorities<From, To>(
  values: ByAuthority<From>,
  map: (value: From, kind: AuthorityKind) => To,
): ByAuthority<To> {
  const pairs = AUTHORITY_KINDS.flatMap((kind) => {
    const value = values[kind];
    return value === undefined ? [] : [[kind, map(value, kind)] as const];
  });
  return Object.fromEntries(pairs);
}

// Parsing one takes longer than the rest of a GetStatus. The bytes are never modified.
const leaves = new WeakMap<Buffer, X509Certificate>();

/** The certificate that the holder of `material` presents, the first of its chain. */
export function leafOf({ cert }: Pick<TlsMaterial, "cert">): X509Certificate {
  const leaf = leaves.get(cert) ?? new X509Certificate(cert);
  leaves.set(cert, leaf);
  return leaf;
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw tlsError(path, "cannot be read", cause);
  }
}

function authoritiesOf(pem: Buffer, path: string): X509Certificate[] {
  const found = certificatesOf(pem, path);
  if (found.length === 0) throw tlsError(path, "holds no certificate");
  return found;
}

function certificatesOf(pem: Buffer, path: string): X509Certificate[] {
  try {
    return certificateBlocks(pem.toString("latin1")).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw tlsError(path, "is not a PEM certificate", cause);
  }
}

const PEM_KEY = /-----BEGIN ((?:\w+ )?PRIVATE KEY)-----[^-]+-----END \1-----\n?/g;

/**
 * The certificate's key among those in the file. During a renewal the file holds the old key and the new one,
 * so that either certificate beside it has its key at every moment.
 */
function keyOf(leaf: X509Certificate, pem: Buffer, { key, cert }: TlsFiles): Buffer {
  const keys = pem.toString("latin1").match(PEM_KEY) ?? [];
  if (keys.length === 0) throw tlsError(key, "is not a PEM private key");
  const own = keys.find((block) => leaf.checkPrivateKey(privateKeyOf(block, key)));
  if (own === undefined) throw tlsError(key, `is not the private key of ${cert}`);
  return Buffer.from(own, "latin1");
}

function privateKeyOf(pem: string, path: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw tlsError(path, "is not a PEM private key", cause);
  }
}

function tlsError(path: string, fault: string, cause?: unknown): OperatorError {
  return new OperatorError("TLS_FILE_UNUSABLE", {
    what: `${path} ${fault}`,
    why: cause instanceof Error ? cause.message : "the certificate files do not belong together",
    next: "compare the TLS files with those that `fleet init` or `fleet cert issue` wrote",
    exit: Exit.Authentication,
    cause,
  });
}
