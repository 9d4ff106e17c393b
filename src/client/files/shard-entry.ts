// A shard's entry in fleet.yaml: its listen address, and its machines.

import type { ConfigReader } from "./config-reader.ts";
import { parseFree, parseMetricsPort } from "./entry-fields.ts";
import { RESERVED_PROCESS_NAMES } from "./layout.ts";

const HOUR_SECONDS = 3_600;

export interface ShardEntry {
  readonly id: string;
  readonly address: string;
  readonly metricsPort?: number;
  /** The file of its machines; a relative path starts at the fleet's folder. Absent = it has none. */
  readonly machines?: string;
  /** Where its machines are. */
  readonly region?: string;
  /** Time between two rounds of its scheduler; absent = the shard's default. */
  readonly cycleSeconds?: number;
}

export function parseShard(entry: ConfigReader): ShardEntry {
  const machines = entry.field("machines").optional((value) => value.string());
  const region = entry.field("region").optional((value) => value.string());
  const cycleSeconds = entry.field("cycleSeconds").optional((value) => value.integer(1, HOUR_SECONDS));
  return {
    id: parseFree(entry.field("id"), RESERVED_PROCESS_NAMES),
    address: entry.field("address").address(),
    ...parseMetricsPort(entry),
    ...(machines === undefined ? {} : { machines }),
    ...(region === undefined ? {} : { region }),
    ...(cycleSeconds === undefined ? {} : { cycleSeconds }),
  };
}
