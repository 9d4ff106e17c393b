// Whether quotas add up. The state machine refuses wrong sums, so a finding here means damage or an outdated
// row.

import type { Quota } from "../../../core/wire/gen/fleet/v1/command.ts";
import type { Check, Hit } from "../check.ts";
import type { Tables } from "../tables.ts";

export const quotaChecks: readonly Check<Tables>[] = [
  {
    id: "quota.slices",
    severity: "error",
    why: "shards together may use more than the quota allows",
    look: ({ quotas }) =>
      quotas.flatMap((quota): Hit[] => {
        const given = sum(quota.slices.map(({ amount }) => amount));
        if (given <= quota.limit) return [];
        return [
          {
            subject: nameOf(quota),
            evidence: `slices add up to ${given} of ${quota.limit}`,
            next: "fleet quota set with smaller slices",
          },
        ];
      }),
  },
  {
    id: "quota.limits",
    severity: "error",
    why: "quotas promise more machines than the provider declares",
    look: ({ providers, quotas }) =>
      providers.flatMap(({ name, declaredQuota }): Hit[] => {
        const promised = sum(quotas.filter(({ provider }) => provider === name).map(({ limit }) => limit));
        if (promised <= declaredQuota) return [];
        return [
          {
            subject: name,
            evidence: `limits add up to ${promised} of ${declaredQuota}`,
            next: "lower a limit: fleet quota set; or raise the provider: fleet provider set",
          },
        ];
      }),
  },
  {
    id: "quota.shard",
    severity: "warning",
    why: "no other shard can use the slice of an unknown shard",
    look: ({ quotas, shards }) => {
      const known = new Set(shards.map(({ shard }) => shard?.shardId));
      return quotas.flatMap((quota): Hit[] => {
        const strangers = quota.slices
          .filter(({ shardId }) => !known.has(shardId))
          .map(({ shardId }) => shardId);
        if (strangers.length === 0) return [];
        return [
          {
            subject: nameOf(quota),
            evidence: `slices of unknown shards: ${strangers.join(", ")}`,
            next: "fleet quota set without them",
          },
        ];
      });
    },
  },
];

const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);
const nameOf = ({ provider, region }: Quota): string => `${provider}/${region}`;
