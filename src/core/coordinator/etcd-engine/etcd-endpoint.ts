// One endpoint of the etcd cluster: the clients of its services share one connection.

import type { ChannelCredentials } from "@grpc/grpc-js";
import { etcdChannelOptions, etcdFileCredentials } from "../../wire/etcd/etcd-channel.ts";
import { KVClient, LeaseClient, WatchClient } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../wire/tls/credentials.ts";
import type { EngineTls } from "./engine.ts";

export interface EtcdEndpoint {
  /** host:port */
  readonly address: string;
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  close(): void;
}

export function etcdEndpoint(address: string, tls: EngineTls): EtcdEndpoint {
  const credentials = credentialsFor(address, tls);
  const kv = new KVClient(address, credentials, etcdChannelOptions(address));
  const shared = { channelOverride: kv.getChannel() };
  return {
    address,
    kv,
    lease: new LeaseClient(address, credentials, shared),
    watch: new WatchClient(address, credentials, shared),
    close: () => kv.close(),
  };
}

function credentialsFor(address: string, tls: EngineTls): ChannelCredentials {
  if (tls === "insecure-loopback") return channelCredentials(tls, address);
  return etcdFileCredentials(address, tls, "--etcd-ca, --etcd-cert and --etcd-key");
}
