// One endpoint that speaks etcd's API: the clients of its services share one connection, made when it is first
// used. What must stay true: a connection is plaintext only when the target says so, and the server's certificate
// names the dialed host.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions, connectivityState, Metadata } from "@grpc/grpc-js";
import { type MonotonicMs, wallTimeOf } from "../../core/base/clock.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { channelOptions, quickRedial } from "../../core/wire/channel-options.ts";
import {
  ClusterClient,
  KVClient,
  LeaseClient,
  MaintenanceClient,
  WatchClient,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../core/wire/tls/credentials.ts";
import { loadTls } from "../../core/wire/tls/tls.ts";
import type { EtcdTls, EtcdTlsFiles } from "../context/target.ts";

// etcd ends connections that are pinged more often than every 5 s (--grpc-keepalive-min-time).
const etcdPings: ChannelOptions = { "grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 5_000 };

export class EtcdNode {
  /** host:port */
  readonly address: string;
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  readonly cluster: ClusterClient;
  readonly maintenance: MaintenanceClient;

  constructor(address: string, tls: EtcdTls) {
    const credentials = credentialsFor(tls, address);
    const options = { ...channelOptions, ...quickRedial, ...etcdPings, ...serverName(address) };
    this.address = address;
    this.kv = new KVClient(address, credentials, options);
    const shared = { channelOverride: this.kv.getChannel() };
    this.lease = new LeaseClient(address, credentials, shared);
    this.watch = new WatchClient(address, credentials, shared);
    this.cluster = new ClusterClient(address, credentials, shared);
    this.maintenance = new MaintenanceClient(address, credentials, shared);
  }

  /** Whether it is connected by then; false as soon as it can't be reached now. */
  async isReady(untilMs: MonotonicMs): Promise<boolean> {
    const channel = this.kv.getChannel();
    for (;;) {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return true;
      if (state === connectivityState.TRANSIENT_FAILURE || state === connectivityState.SHUTDOWN) return false;
      const hasChanged = await new Promise<boolean>((resolve) => {
        channel.watchConnectivityState(state, wallTimeOf(untilMs), (error) => resolve(!error));
      });
      if (!hasChanged) return false;
    }
  }

  close(): void {
    this.kv.close();
  }
}

function credentialsFor(tls: EtcdTls, address: string): ChannelCredentials {
  if (tls === "insecure-loopback") return channelCredentials(tls, address);
  if (tls === "plaintext") return ChannelCredentials.createInsecure();
  if ("fleet" in tls) return channelCredentials(loadTls(tls.fleet), address, "replica");
  const { ca, cert, key } = readFiles(tls);
  const check = (_name: string, peer: PeerCertificate) => checkServerIdentity(hostOf(address), peer);
  try {
    return ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: check });
  } catch (cause) {
    throw unusable(tls.cert ?? tls.ca, "does not belong to the other TLS files", cause);
  }
}

function readFiles({ ca, cert, key }: EtcdTlsFiles) {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw unusable(path, "cannot be read", cause);
    }
  };
  const pair = cert === undefined || key === undefined ? null : { cert: read(cert), key: read(key) };
  return { ca: read(ca), cert: pair?.cert ?? null, key: pair?.key ?? null };
}

function unusable(path: string, fault: string, cause: unknown): OperatorError {
  return new OperatorError("TLS_FILE_UNUSABLE", {
    what: `${path} ${fault}`,
    ...(cause instanceof Error ? { why: cause.message } : {}),
    next: "correct --ca, --cert and --key, or the context's",
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

/**
 * Sent with each call: a server without a leader then refuses at once, before it proposes anything, and ends
 * streams whose leader it lost.
 */
export function leaderRequired(): Metadata {
  const metadata = new Metadata();
  metadata.set("hasleader", "true");
  return metadata;
}
