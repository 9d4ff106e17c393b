// The authority of a fleet, from its two files: the trusted certificates, and the one that signs. During a
// change of the authority the fleet trusts both, and the one whose key is there signs.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { certificateBlocks } from "../../core/base/pem.ts";
import type { AuthorityKind } from "../../core/wire/tls/authorities.ts";
import { authorityPathsIn, kindAuthorityFilesIn } from "../files/layout.ts";
import type { PemPair } from "./certs.ts";

/** The certificate of the signing authority, other trusted ones, and the signing key. */
export interface AuthorityFiles {
  readonly cert: string;
  readonly key: string;
}

export interface Authority {
  /** The one that signs. */
  readonly pair: PemPair;
  /** All that are trusted, PEM. */
  readonly trusted: readonly string[];
}

/** Throws AUTHORITY_UNUSABLE when its files can't be read, or hold no certificate for the key. */
export async function readAuthority(files: AuthorityFiles): Promise<Authority> {
  try {
    const [bundle, key] = await Promise.all([readFile(files.cert, "utf8"), readFile(files.key, "utf8")]);
    const trusted = certificatesIn(bundle);
    const privateKey = createPrivateKey(key);
    const certificate = trusted.find((pem) => new X509Certificate(pem).checkPrivateKey(privateKey));
    if (certificate !== undefined) return { pair: { certificate, key }, trusted };
  } catch (cause) {
    throw unusable(files, messageOf(cause), cause);
  }
  throw unusable(files, "the key in the second does not match the certificates in the first");
}

/**
 * What a holder trusts, as files beside its certificate: `ca.crt`, and one for each kind if authorities are
 * separate.
 */
export interface TrustFile {
  readonly name: string;
  readonly text: string;
}

/**
 * The authority for identities of this kind: if authorities are separate, one of its own in the same folder.
 */
export async function signerOf(files: AuthorityFiles, kind: AuthorityKind): Promise<AuthorityFiles> {
  const folder = dirname(files.cert);
  return (await isSeparate(folder)) ? kindAuthorityFilesIn(folder, kind) : files;
}

export async function trustFilesOf(files: AuthorityFiles): Promise<readonly TrustFile[]> {
  const folder = dirname(files.cert);
  const own = (await isSeparate(folder)) ? Object.values(authorityPathsIn(folder)) : [];
  return Promise.all(
    [files.cert, ...own].map(async (path) => ({ name: basename(path), text: await readFile(path, "utf8") })),
  );
}

async function isSeparate(folder: string): Promise<boolean> {
  const names = new Set(await readdir(folder).catch(() => []));
  return Object.values(authorityPathsIn(folder)).some((path) => names.has(basename(path)));
}

/** The certificates of a PEM text, one by one. */
export function certificatesIn(pem: string): readonly string[] {
  return certificateBlocks(pem).map((block) => `${block}\n`);
}

/** Whether the authority of PEM text `issuer` signed `leaf`. */
export function isSignedBy(leaf: X509Certificate, issuer: string): boolean {
  const authority = new X509Certificate(issuer);
  return leaf.checkIssued(authority) && leaf.verify(authority.publicKey);
}

function unusable(files: AuthorityFiles, why: string, cause?: unknown): OperatorError {
  return new OperatorError("AUTHORITY_UNUSABLE", {
    what: `no certificate can be signed with ${files.cert} and ${files.key}`,
    why,
    next: "restore both files from a copy. If the key is lost, make a new authority and issue all certificates again: docs/certificates.md",
    exit: Exit.Authentication,
    cause,
  });
}
