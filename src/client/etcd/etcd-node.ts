// One endpoint that speaks etcd's API: the clients of its services share one connection, made when it is first
// used. What must stay true: a connection is plaintext only when the target says so, and the server's certificate
// names the dialed host.

import { ChannelCredentials, connectivityState } from "@grpc/grpc-js";
import { type MonotonicMs, wallTimeOf } from "../../core/base/clock.ts";
import { etcdChannelOptions, etcdFileCredentials } from "../../core/wire/etcd/etcd-channel.ts";
import {
  ClusterClient,
  KVClient,
  LeaseClient,
  MaintenanceClient,
  WatchClient,
} from "../../core/wire/gen/etcd/etcdserverpb/rpc.ts";
import { channelCredentials } from "../../core/wire/tls/credentials.ts";
import { loadTls } from "../../core/wire/tls/tls.ts";
import type { EtcdTls } from "../context/target.ts";

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
    const options = etcdChannelOptions(address);
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
  return etcdFileCredentials(address, tls, "--ca, --cert and --key, or the context's");
}
