// Fields that several kinds of entries in fleet.yaml share.

import type { ConfigReader } from "./config-reader.ts";

const PORT_MAX = 65_535;

export function parseMetricsPort(entry: ConfigReader): { metricsPort?: number } {
  const metricsPort = entry.field("metricsPort").optional((value) => value.integer(1, PORT_MAX));
  return metricsPort === undefined ? {} : { metricsPort };
}

export function parseEtcdPort(entry: ConfigReader): { etcdPort?: number } {
  const etcdPort = entry.field("etcdPort").optional((value) => value.integer(1, PORT_MAX));
  return etcdPort === undefined ? {} : { etcdPort };
}

/** Where the node serves etcd's API; null = nowhere. */
export function etcdAddress({
  address,
  etcdPort,
}: {
  readonly address: string;
  readonly etcdPort?: number;
}): string | null {
  return etcdPort === undefined ? null : `${address.slice(0, address.lastIndexOf(":"))}:${etcdPort}`;
}

export function parseFree(entry: ConfigReader, reserved: readonly string[]): string {
  const name = entry.name();
  if (reserved.includes(name)) throw entry.fault(`must not be any of ${reserved.join(", ")}`);
  return name;
}
