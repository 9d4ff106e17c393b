// Mutual TLS for every port: what a process shows and trusts, read from its files and checked to belong together.
// Who a certificate names is identity.ts's business, how long it is valid validity.ts's, what is done with the files
// credentials.ts's, and following them while they change live-tls.ts's.

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { Exit, OperatorError } from "../base/errors.ts";
import { certificateBlocks } from "../base/pem.ts";
import type { DenyList } from "./deny-list.ts";

/** Paths of PEM files: the authority, and this process's own certificate and private key. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** PEM contents, checked to belong together. */
export interface TlsMaterial {
  /** One authority, or several while a fleet changes from one to another. */
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Why the files that lie there now are not used; empty or absent: they are. */
  readonly refusal?: string;
  /** Certificates of the authority that are not accepted all the same. Absent: this process knows of none. */
  readonly denyList?: DenyList;
  /** Calls `listener` when the three have changed, until what is returned is called. Absent: they never change. */
  onChange?(listener: () => void): () => void;
}

/** What a process was asked to use, as its flags say it. */
export type TlsChoice = TlsFiles | "insecure-loopback";

/** What a process uses. */
export type Tls = TlsMaterial | "insecure-loopback";

/** Reads and checks the files. Throws an OperatorError (Exit.Authentication) that names the file at fault. */
export function loadTls(choice: TlsFiles): TlsMaterial;
export function loadTls(choice: TlsChoice): Tls;
export function loadTls(choice: TlsChoice): Tls {
  if (choice === "insecure-loopback") return choice;
  return checkTls({ ca: readPem(choice.ca), cert: readPem(choice.cert), key: readPem(choice.key) }, choice);
}

/** What the files hold, once it is known to belong together. Throws as `loadTls` does. */
export function checkTls(found: Pick<TlsMaterial, "ca" | "cert" | "key">, from: TlsFiles): TlsMaterial {
  const authorities = certificatesOf(found.ca, from.ca);
  const chain = certificatesOf(found.cert, from.cert);
  const leaf = chain[0];
  if (leaf === undefined || authorities.length === 0) {
    throw tlsError(leaf === undefined ? from.cert : from.ca, "holds no certificate");
  }
  const key = keyOf(leaf, found.key, from);
  if (![...chain.slice(1), ...authorities].some((issuer) => isIssuedBy(leaf, issuer))) {
    throw tlsError(from.cert, `was not issued by the authority in ${from.ca}`);
  }
  return { ca: found.ca, cert: found.cert, key };
}

/** The certificate that the holder of `material` shows, the first of its chain. */
export function leafOf(material: Pick<TlsMaterial, "cert">): X509Certificate {
  return new X509Certificate(material.cert);
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw tlsError(path, "cannot be read", cause);
  }
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
 * The certificate's key among those in the file: while a pair is being renewed the file holds the old key and the
 * new one, so that whichever certificate lies beside it has its key at every moment.
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

/** Whether `issuer` signed `leaf`. */
export function isIssuedBy(leaf: X509Certificate, issuer: X509Certificate): boolean {
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
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
