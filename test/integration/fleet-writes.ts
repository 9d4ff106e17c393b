// Operations by short names, for tests that write them by the hundred.

import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";

export const registerShard = (shardId: string): Operation => ({
  kind: {
    $case: "registerShard",
    value: { shardId, address: `${shardId}:1`, epoch: 1, region: "eu", zone: `eu-${shardId}` },
  },
});

export const bindCluster = (clusterId: string, shardId: string): Operation => ({
  kind: { $case: "bindCluster", value: { clusterId, shardId } },
});
export const unbindCluster = (clusterId: string, force = false): Operation => ({
  kind: { $case: "unbindCluster", value: { clusterId, force } },
});

export const assignDomain = (value: string, shardId: string): Operation => ({
  kind: { $case: "assignDomain", value: { key: "zone", value, shardId } },
});

export const unassignDomain = (value: string): Operation => ({
  kind: { $case: "unassignDomain", value: { key: "zone", value } },
});

/** Each zone to the shard; an empty shard releases it. */
export const moveDomains = (zones: readonly string[], shardId: string): Operation => ({
  kind: {
    $case: "moveDomains",
    value: { moves: zones.map((value) => ({ key: "zone", value, shardId })) },
  },
});

export const setGate = (name: string, enabled: boolean): Operation => ({
  kind: { $case: "setFeatureGate", value: { name, enabled } },
});
