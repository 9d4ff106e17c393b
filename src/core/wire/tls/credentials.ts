// Credentials for connections (of servers: server/bind-server.ts). Both ends always present a certificate of the fleet's own
// authority. Plaintext must be chosen explicitly, and works only on loopback: nothing falls back to it.

import type { PeerCertificate } from "node:tls";
import { checkServerIdentity } from "node:tls";
import { ChannelCredentials } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../base/errors.ts";
import { authorityKindOf } from "./authorities.ts";
import { formatIdentity, identityOfNames, isProved } from "./identity.ts";
import { LiveChannelCredentials } from "./live-credentials.ts";
import { isRevokedPeer } from "./revoked-connections.ts";
import type { Tls, TlsMaterial } from "./tls.ts";

/**
 * Client side: the server's certificate must be of the authority and name the dialed host. If `server` is
 * given, it must also be that kind's, so that a cluster's certificate can't pose as a shard or a coordinator.
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
  return new LiveChannelCredentials(tls, serverCheck(tls, address, server));
}

/**
 * What is wrong with the certificate of the server at `address`, in the form for Node; undefined if nothing
 * is.
 */
export function serverCheck(tls: TlsMaterial, address: string, server?: "replica" | "shard") {
  // The host that grpc-js passes is the name for SNI (channel-options.ts), not the dialed one.
  return (_name: string, peer: PeerCertificate): Error | undefined =>
    checkServer(address, peer, server) ??
    checkAuthority(address, peer, tls) ??
    checkRevoked(address, peer, tls);
}

function checkServer(address: string, peer: PeerCertificate, server: string | undefined): Error | undefined {
  const identity = identityOfNames(peer.subjectaltname ?? "");
  if (server !== undefined && identity?.kind !== server) {
    const who = identity === null ? "no identity" : formatIdentity(identity);
    return new Error(`the server at ${address} shows a certificate of ${who} and is not a ${server}`);
  }
  return checkServerIdentity(hostOf(address).replace(/^\[|\]$/g, ""), peer);
}

/** A server that must only match its host may have no identity. */
function checkAuthority(address: string, peer: PeerCertificate, tls: TlsMaterial): Error | undefined {
  const identity = identityOfNames(peer.subjectaltname ?? "");
  if (identity === null || isProved(identity, peer, tls)) return undefined;
  const who = formatIdentity(identity);
  return new Error(
    `the server at ${address} shows a certificate of ${who} that the ${authorityKindOf(identity)} authority did not issue`,
  );
}

function checkRevoked(address: string, peer: PeerCertificate, tls: TlsMaterial): Error | undefined {
  if (!isRevokedPeer(peer, tls)) return undefined;
  return new Error(`the server at ${address} shows the certificate ${peer.serialNumber}, which is revoked`);
}

/** Whether `address` (host:port) is certain to stay on this machine. */
function isLoopback(address: string): boolean {
  const host = hostOf(address);
  return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}

function hostOf(address: string): string {
  return address.replace(/:\d+$/, "");
}

/** Throws PLAINTEXT_REFUSED for an address that is not certain to stay on this machine. */
export function assertLoopback(address: string): void {
  if (isLoopback(address)) return;
  throw new OperatorError("PLAINTEXT_REFUSED", {
    what: `plaintext was asked for at ${address}, which is not a loopback address`,
    why: "without TLS, every host on the network could act as an administrator",
    next: "give certificates, or use 127.0.0.1",
    exit: Exit.Authentication,
  });
}
