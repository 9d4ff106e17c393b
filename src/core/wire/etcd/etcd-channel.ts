// How a port that speaks etcd's API is dialed. What must stay true: the server's certificate names the dialed host.

import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { checkServerIdentity, type PeerCertificate } from "node:tls";
import { ChannelCredentials, type ChannelOptions, Metadata } from "@grpc/grpc-js";
import { Exit, OperatorError } from "../../base/errors.ts";
import { channelOptions, quickRedial } from "../channel-options.ts";

// etcd ends connections that are pinged more often than every 5 s (--grpc-keepalive-min-time).
const etcdPings: ChannelOptions = { "grpc.keepalive_time_ms": 10_000, "grpc.keepalive_timeout_ms": 5_000 };

/** Its authority may ask for no client certificate. */
export interface EtcdTlsFiles {
  readonly ca: string;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

export const etcdChannelOptions = (address: string): ChannelOptions => ({
  ...channelOptions,
  ...quickRedial,
  ...etcdPings,
  ...serverName(address),
});

/** Throws TLS_FILE_UNUSABLE; `flags`: where an operator named the files. */
export function etcdFileCredentials(address: string, files: EtcdTlsFiles, flags: string): ChannelCredentials {
  const { ca, cert, key } = readFiles(files, flags);
  const check = (_name: string, peer: PeerCertificate) => checkServerIdentity(hostOf(address), peer);
  try {
    return ChannelCredentials.createSsl(ca, key, cert, { checkServerIdentity: check });
  } catch (cause) {
    throw unusable(files.cert ?? files.ca, "does not belong to the other TLS files", flags, cause);
  }
}

/**
 * Sent with each call: a server without a leader then refuses at once, before it proposes anything, and ends
 * streams whose leader it lost.
 */
export function leaderRequired(): Metadata {
  const metadata = new Metadata();
  metadata.set("hasleader", "true");
  return metadata;
}

function readFiles({ ca, cert, key }: EtcdTlsFiles, flags: string) {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (cause) {
      throw unusable(path, "cannot be read", flags, cause);
    }
  };
  const pair = cert === undefined || key === undefined ? null : { cert: read(cert), key: read(key) };
  return { ca: read(ca), cert: pair?.cert ?? null, key: pair?.key ?? null };
}

function unusable(path: string, fault: string, flags: string, cause: unknown): OperatorError {
  return new OperatorError("TLS_FILE_UNUSABLE", {
    what: `${path} ${fault}`,
    ...(cause instanceof Error ? { why: cause.message } : {}),
    next: `correct ${flags}`,
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
