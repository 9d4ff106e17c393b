// The size of a shortfall in a report, in bytes of its texts. The sending shard and the receiving coordinator
// count alike, which is cheaper than encoding it. Numbers and tags are a few dozen bytes more.

import type { Shortfall } from "./gen/fleet/v1/coordinator.ts";

const NUMBERS_BYTES = 32;

export function shortfallBytes({ clusterId, requirements, deficit, penaltyBucket }: Shortfall): number {
  let characters = clusterId.length + penaltyBucket.length;
  for (const [key, value] of Object.entries(requirements)) characters += key.length + value.length + 4;
  for (const key of Object.keys(deficit)) characters += key.length + 12;
  return characters + NUMBERS_BYTES;
}
