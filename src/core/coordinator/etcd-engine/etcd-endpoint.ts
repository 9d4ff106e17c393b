// One endpoint of the etcd cluster: the clients of its services share one connection.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions, Metadata } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../base/errors.ts";
import { channelOptions, quickRedial } from "../../wire/channel-options.ts";
import { KVClient, LeaseClient, WatchClient } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../wire/tls/credentials.ts";

// etcd ends connections that are pinged more often than every 5 s (--grpc-keepalive-min-time).
const etcdPings: ChannelOptions = { "grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 5_000 };

/** How the cluster's ports are reached. Its authority may ask for no client certificate. */
export type EtcdTls =
  | "insecure-loopback"
  | { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined };

export interface EtcdEndpoint {
  /** host:port */
  readonly address: string;
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  close(): void;
}

export function etcdEndpoint(address: string, tls: EtcdTls): EtcdEndpoint {
  const credentials = credentialsFor(address, tls);
  const kv = new KVClient(address, credentials, {
    ...{ ...channelOptions, ...quickRedial, ...etcdPings },
    ...serverName(address),
  });
  const shared = { channelOverride: kv.getChannel() };
  return {
    address,
    kv,
    lease: new LeaseClient(address, credentials, shared),
    watch: new WatchClient(address, credentials, shared),
    close: () => kv.close(),
  };
}

/** A server without a leader refuses at once, before it proposes anything, and ends streams whose leader it lost. */
export function leaderRequired(): Metadata {
  const metadata = new Metadata();
  metadata.set("hasleader", "true");
  return metadata;
}

function credentialsFor(address: string, tls: EtcdTls): ChannelCredentials {
  if (tls === "insecure-loopback") return channelCredentials(tls, address);
  const check = (_name: string, peer: PeerCertificate) => checkServerIdentity(hostOf(address), peer);
  const pair =
    tls.cert === undefined || tls.key === undefined ? null : { cert: read(tls.cert), key: read(tls.key) };
  try {
    return ChannelCredentials.createSsl(read(tls.ca), pair?.key ?? null, pair?.cert ?? null, {
      checkServerIdentity: check,
    });
  } catch (cause) {
    throw cause instanceof OperatorError
      ? cause
      : unusable(tls.cert ?? tls.ca, "does not belong to the other files", cause);
  }
}

function read(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw unusable(path, "cannot be read", cause);
  }
}

function unusable(path: string, fault: string, cause: unknown): OperatorError {
  return new OperatorError("TLS_FILE_UNUSABLE", {
    what: `${path} ${fault}`,
    ...(cause instanceof Error ? { why: cause.message } : {}),
    next: "correct --etcd-ca, --etcd-cert and --etcd-key",
    exit: Exit.Authentication,
    cause,
  });
}

/** A name is asked for by SNI, since a balancer may need it; an IP address may not be (RFC 6066). */
function serverName(address: string): ChannelOptions {
  const host = hostOf(address);
  return isIP(host) === 0 ? { "grpc.ssl_target_name_override": host } : {};
}

const hostOf = (address: string): string => address.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
