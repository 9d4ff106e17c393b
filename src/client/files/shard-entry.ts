// A shard's entry in fleet.yaml: its listen address, and its machines.

import { address, fields, integer, optional, type Read, text } from "../../core/base/read-value.ts";
import { freeName, port } from "./entry-fields.ts";
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

export const shardEntry: Read<ShardEntry> = fields({
  id: freeName(RESERVED_PROCESS_NAMES),
  address,
  metricsPort: optional(port),
  machines: optional(text),
  region: optional(text),
  cycleSeconds: optional(integer(1, HOUR_SECONDS)),
});
