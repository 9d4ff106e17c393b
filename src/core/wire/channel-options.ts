// The gRPC options of every channel and server, set on purpose. By default grpc-js waits up to two minutes before it
// redials, and never detects a peer that hangs.

import type { ChannelOptions } from "@grpc/grpc-js";

export const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;
/** A frozen process (SIGSTOP) keeps its sockets open: only an unanswered ping distinguishes it from an idle one. */
export const KEEPALIVE = { everyMs: 2_000, withinMs: 2_000 };

const common: ChannelOptions = {
  // The default of 4 MB is less than a full listing of a large fleet, or than one replication frame under load.
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.keepalive_time_ms": KEEPALIVE.everyMs,
  "grpc.keepalive_timeout_ms": KEEPALIVE.withinMs,
  // Statistics of every call, which no code here reads.
  "grpc.enable_channelz": 0,
};

export const channelOptions: ChannelOptions = {
  ...common,
  // The name for SNI. The default is the dialed host, which TLS does not allow to be an IP address (RFC 6066; Node
  // warns of it). Servers here ignore it, and credentials.ts checks the certificate against the real host.
  "grpc.ssl_target_name_override": "fleet.invalid",
  // A restarted node should be found within about a second; the default grows to 120 s.
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 1_000,
  // An idle channel costs nothing; it finds a dead peer when it is used next.
  "grpc.keepalive_permit_without_calls": 0,
  // Retries are ours (leader-caller.ts): they must follow the leader, which the channel cannot.
  "grpc.enable_retries": 0,
  // Nodes are dialed at their own addresses, whatever http_proxy says.
  "grpc.enable_http_proxy": 0,
};

/** In addition to the others, for peers and operators: they are few, and they wait for a restarted node. */
export const quickRedial: ChannelOptions = { "grpc.max_reconnect_backoff_ms": 300 };

export const serverOptions: ChannelOptions = {
  ...common,
  // Calls in progress on one connection; further ones wait at the client. As many as a replica lets wait in
  // total, so that a client with too many calls gets an error. The default is 2^32 - 1.
  "grpc.max_concurrent_streams": 8_192,
};

/**
 * In addition to the others, for etcd's API. Other people's clients may pause for seconds, so they have as long as an
 * etcd gives them (--grpc-keepalive-timeout). Without a call they need not answer (keepalive.ts).
 */
export const patientKeepalive: ChannelOptions = {
  "grpc.keepalive_timeout_ms": 20_000,
  "grpc.keepalive_permit_without_calls": 0,
};

/** In addition to the others, for a shard's port: an agent has one session, an operator has one request. */
export const agentStreams: ChannelOptions = { "grpc.max_concurrent_streams": 32 };

/**
 * In addition to the others, for agents and shards. A shard has thousands of connections, each with a session
 * that has pings of its own, so the transport's pings are only a second check.
 */
export const sparseKeepalive: ChannelOptions = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 5_000,
};
