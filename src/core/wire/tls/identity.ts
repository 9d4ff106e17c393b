// The caller's identity: the one URI among the subject alternative names of the verified peer certificate, if
// it is a `fleet://`. A certificate without a URI, or with more than one of any scheme, has no identity. An ambiguous
// certificate must not get the larger of two rights. The code that serves a call decides what an identity may do.

import { status } from "@grpc/grpc-js";
import { systemClock } from "../../base/clock.ts";
import type { NodeId } from "../../base/ids.ts";
import { isName, nodeId } from "../../base/ids.ts";
import { rpcError } from "../rpc-error.ts";
import { isUsualSerial, type ShownCertificate } from "./deny-list.ts";
import {
  chainOf,
  endOf,
  type PeerFields,
  type PeerSocket,
  peerFields,
  shownCertificate,
} from "./peer-certificate.ts";
import type { Tls, TlsMaterial } from "./tls.ts";

export type Identity =
  | { readonly kind: "admin" }
  | { readonly kind: "readonly" }
  /** A person or a robot, with the rights of its roles (ADR-0028). */
  | { readonly kind: "operator"; readonly id: string }
  /** A program that uses the key space, with the rights of its roles (ADR-0047). */
  | { readonly kind: "client"; readonly id: string }
  | { readonly kind: "replica"; readonly id: NodeId }
  | { readonly kind: "shard"; readonly id: string }
  | { readonly kind: "cluster"; readonly id: string };

/** Shards and agents: a fleet has many of them, and anyone may run them. */
export function isTenant({ kind }: Pick<Identity, "kind">): boolean {
  return kind === "shard" || kind === "cluster";
}

const PLAINTEXT: Identity = { kind: "admin" };

// Reading a certificate takes longer than serving many calls. A session keeps its identity as long as it
// lasts: a new certificate or a new authority needs a new session.
const ofSessions = new WeakMap<object, Identity>();
// The identity of each connection is an object of its own, so it leads to that connection's certificate.
const certificates = new WeakMap<Identity, ShownCertificate>();
const addresses = new WeakMap<Identity, string>();

/** For connections whose certificate names an identity without proving it. */
const claims = new WeakMap<object, Claim>();

/** The identity that a connection claims, and why it is not accepted. */
export interface Claim {
  readonly identity: Identity;
  readonly fault: Fault;
}

/**
 * `authority`: an authority of another kind issued it. `expired`: the certificate ended after the session
 * that the handshake resumed. `serial`: it can't be revoked by its serial number.
 */
export type Fault = "authority" | "expired" | "serial";

/** A connection, in the form of Node's HTTP/2. */
export interface PeerSession {
  readonly destroyed: boolean;
  readonly socket: PeerSocket | undefined;
}

/** The identity of the other end; null when its certificate names none, or when the connection is closed. */
export function identityOfSession(session: PeerSession | null, tls: Tls): Identity | null {
  if (tls === "insecure-loopback") return PLAINTEXT;
  // A closed socket has no certificate any more.
  if (session === null || session.destroyed || session.socket?.destroyed !== false) return null;
  const known = ofSessions.get(session);
  if (known !== undefined) return known;
  const fields = peerFields(session.socket);
  const identity = identityOfNames(fields.subjectaltname ?? "");
  if (identity === null || claims.has(session)) return null;
  const shown = shownCertificate(fields, formatIdentity(identity));
  const fault = isProved(identity, fields, tls) ? faultOf(fields, shown) : "authority";
  if (fault !== null) {
    claims.set(session, { identity, fault });
    return null;
  }
  ofSessions.set(session, identity);
  certificates.set(identity, shown);
  addresses.set(identity, session.socket.remoteAddress ?? "");
  return identity;
}

/** The remote address of the connection that proved the identity, without the port; empty without TLS. */
export function addressOf(identity: Identity): string {
  return addresses.get(identity) ?? "";
}

function faultOf(fields: PeerFields, { serial }: ShownCertificate): Fault | null {
  if (endOf(fields) <= systemClock.wallMs()) return "expired";
  return isUsualSerial(serial) ? null : "serial";
}

/** The identity that the other end claims without proof; null if it claims none. */
export function claimedBySession(session: PeerSession | null): Claim | null {
  return (session && claims.get(session)) ?? null;
}

/** Whether the right authority for such an identity issued its certificate (ADR-0027). */
export function isProved(
  identity: Identity,
  fields: PeerFields,
  { authorities }: Pick<TlsMaterial, "authorities">,
): boolean {
  return authorities === undefined || authorities.prove(identity, chainOf(fields), systemClock.wallMs());
}

/** The certificate that proved the identity of a connection; null without TLS. */
export function certificateOf(identity: Identity): ShownCertificate | null {
  return certificates.get(identity) ?? null;
}

/** Whether the identity was proved by a certificate that is revoked (ADR-0026). */
export function isRevoked(identity: Identity, tls: Tls): boolean {
  if (tls === "insecure-loopback" || tls.denyList === undefined) return false;
  const certificate = certificateOf(identity);
  return certificate !== null && tls.denyList.denies(certificate);
}

interface OfStream {
  readonly stream?: { readonly session: PeerSession };
}

/** For a call with streams (server/stream-call.ts) that was admitted. */
export function callerOf(call: object, tls: Tls): Identity {
  const identity = identityOfSession((call as OfStream).stream?.session ?? null, tls);
  if (identity !== null) return identity;
  throw rpcError(status.CANCELLED, "CONNECTION_GONE", "the connection of this call is gone");
}

/** The identity in a certificate's `subjectaltname`, as Node prints it. */
export function identityOfNames(subjectAltName: string): Identity | null {
  const uris = splitNames(subjectAltName)
    .filter((name) => name.type === "URI")
    .map((name) => name.value);
  const [only] = uris;
  return only === undefined || uris.length > 1 ? null : parseIdentity(only);
}

/** The URI for a certificate; the inverse of `identityOfNames`. */
export function formatIdentity(identity: Identity): string {
  switch (identity.kind) {
    case "admin":
    case "readonly":
      return `fleet://${identity.kind}`;
    case "operator":
    case "client":
    case "replica":
    case "shard":
    case "cluster":
      return `fleet://${identity.kind}/${identity.id}`;
  }
}

/** The inverse of `formatIdentity`; null = the text names no identity. */
export function parseIdentity(uri: string): Identity | null {
  if (uri === "fleet://admin") return { kind: "admin" };
  if (uri === "fleet://readonly") return { kind: "readonly" };
  const [, kind, id] = /^fleet:\/\/(operator|client|replica|shard|cluster)\/([^/]+)$/.exec(uri) ?? [];
  if (id === undefined) return null;
  if (kind === "replica") return replicaIdentity(id);
  if (!isName(id)) return null;
  if (kind === "operator" || kind === "client") return { kind, id };
  return kind === "shard" ? { kind, id } : { kind: "cluster", id };
}

function replicaIdentity(digits: string): Identity | null {
  const id = Number(digits);
  return /^[1-9]\d*$/.test(digits) && Number.isSafeInteger(id) ? { kind: "replica", id: nodeId(id) } : null;
}

interface AltName {
  readonly type: string;
  readonly value: string;
}

// Node prints a value with a comma, a quote or a control character as a JSON string literal (its fix of
// CVE-2021-44532). So `URI:"fleet://admin\u002c DNS:x"` is one name; splitting at commas alone would make it
// two.
const ALT_NAME = /([^:,"]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y;

function splitNames(subjectAltName: string): AltName[] {
  const names: AltName[] = [];
  ALT_NAME.lastIndex = 0;
  while (ALT_NAME.lastIndex < subjectAltName.length) {
    const [, type, value] = ALT_NAME.exec(subjectAltName) ?? [];
    // If the whole list of names can't be parsed, no part of it is trusted.
    if (type === undefined || value === undefined) return [];
    names.push({ type, value: value.startsWith('"') ? unquoted(value) : value });
  }
  return names;
}

function unquoted(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return "";
  }
}
