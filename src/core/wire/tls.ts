// Mutual TLS for every port: reading the files, and credentials for both ends of a connection.
// Both ends always show a certificate of the fleet's own authority; who they are is identity.ts's business.
// Plaintext exists only as an explicit choice, and only on loopback: nothing falls back to it.

import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "node:tls";
import { ChannelCredentials, ServerCredentials } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../base/errors.ts";
import { formatIdentity, identityOfNames } from "./identity.ts";

/** Paths of PEM files: the authority, and this process's own certificate and private key. */
export interface TlsFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** PEM contents, checked to belong together. */
export interface TlsMaterial {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
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
  const material = { ca: readPem(choice.ca), cert: readPem(choice.cert), key: readPem(choice.key) };
  const authorities = certificatesOf(material.ca, choice.ca);
  const chain = certificatesOf(material.cert, choice.cert);
  const leaf = chain[0];
  if (leaf === undefined || authorities.length === 0) {
    throw tlsError(leaf === undefined ? choice.cert : choice.ca, "holds no certificate");
  }
  if (!leaf.checkPrivateKey(privateKeyOf(material.key, choice.key))) {
    throw tlsError(choice.key, `is not the private key of ${choice.cert}`);
  }
  if (![...chain.slice(1), ...authorities].some((issuer) => isIssuedBy(leaf, issuer))) {
    throw tlsError(choice.cert, `was not issued by the authority in ${choice.ca}`);
  }
  return material;
}

/** Server side: a client without a valid certificate of the authority never gets past the handshake. */
export function serverCredentials(tls: Tls, listen: string): ServerCredentials {
  if (tls === "insecure-loopback") {
    assertLoopback(listen);
    return ServerCredentials.createInsecure();
  }
  return ServerCredentials.createSsl(tls.ca, [{ cert_chain: tls.cert, private_key: tls.key }], true);
}

/**
 * Client side: the server's certificate must be of the authority, name the host that was dialed, and be a
 * `server`'s, when given, so that a cluster's certificate cannot pose as a shard or a coordinator.
 * Use it with `channelOptions`.
 */
export function channelCredentials(
  tls: Tls,
  address: string,
  server?: "replica" | "shard",
): ChannelCredentials {
  if (tls === "insecure-loopback") {
    assertLoopback(address);
    return ChannelCredentials.createInsecure();
  }
  // The host that grpc-js passes is the name for SNI (channel-options.ts), not the one that was dialed.
  const check = (_name: string, peer: PeerCertificate) => checkServer(address, peer, server);
  return ChannelCredentials.createSsl(tls.ca, tls.key, tls.cert, { checkServerIdentity: check });
}

function checkServer(address: string, peer: PeerCertificate, server: string | undefined): Error | undefined {
  const identity = identityOfNames(peer.subjectaltname ?? "");
  if (server !== undefined && identity?.kind !== server) {
    const who = identity === null ? "no identity" : formatIdentity(identity);
    return new Error(`the server at ${address} shows a certificate of ${who} and is no ${server}`);
  }
  return checkServerIdentity(hostOf(address).replace(/^\[|\]$/g, ""), peer);
}

/** Whether `address` (host:port) is certain to stay on this machine. */
function isLoopback(address: string): boolean {
  const host = hostOf(address);
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}

function assertLoopback(address: string): void {
  if (isLoopback(address)) return;
  throw new OperatorError("PLAINTEXT_REFUSED", {
    what: `plaintext was asked for at ${address}, which is not a loopback address`,
    why: "without TLS anybody on the network is an administrator",
    next: "give certificates, or use 127.0.0.1",
    exit: Exit.Authentication,
  });
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw tlsError(path, "cannot be read", cause);
  }
}

const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesOf(pem: Buffer, path: string): X509Certificate[] {
  try {
    return (pem.toString("latin1").match(PEM_CERTIFICATE) ?? []).map((block) => new X509Certificate(block));
  } catch (cause) {
    throw tlsError(path, "is not a PEM certificate", cause);
  }
}

function privateKeyOf(pem: Buffer, path: string) {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw tlsError(path, "is not a PEM private key", cause);
  }
}

function isIssuedBy(leaf: X509Certificate, issuer: X509Certificate): boolean {
  return leaf.checkIssued(issuer) && leaf.verify(issuer.publicKey);
}

function tlsError(path: string, fault: string, cause?: unknown): OperatorError {
  return new OperatorError("TLS_FILE_UNUSABLE", {
    what: `${path} ${fault}`,
    why: cause instanceof Error ? cause.message : "the certificate files do not belong together",
    next: "compare the TLS files with those that `fleet init` wrote into the fleet's certs folder",
    exit: Exit.Authentication,
    cause,
  });
}
