// Where an etcd cluster keeps the fleet's log.

import type { EtcdTlsFiles } from "../../wire/etcd/etcd-channel.ts";

/** How the cluster's ports are reached. */
export type EngineTls = EtcdTlsFiles | "insecure-loopback";

export interface EtcdEngine {
  /** host:port of its members. */
  readonly addresses: readonly string[];
  /** All keys of this fleet begin with it. */
  readonly prefix: string;
  readonly tls: EngineTls;
}
