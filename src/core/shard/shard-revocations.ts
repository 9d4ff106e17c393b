// Connects a shard's list of revocations with its sources. Without TLS there is nothing to revoke.

import type { Log } from "../base/log.ts";
import type { ReportShardResponse } from "../wire/gen/fleet/v1/coordinator.ts";
import type { KnownCoordinators } from "../wire/leader/known-coordinators.ts";
import { HeldDenials } from "../wire/tls/held-denials.ts";
import type { FollowedTls } from "../wire/tls/live-tls.ts";
import { RevocationWatch } from "./revocation-watch.ts";
import type { ShardStore } from "./shard-store.ts";

export interface ShardRevocations {
  /** Null: the shard has no coordinators. */
  readonly watch: RevocationWatch | null;
  /** Called after an answer of a leader that the shard obeys. */
  compare(answer: ReportShardResponse): void;
  close(): Promise<void>;
}

interface Options {
  readonly shardId: string;
  readonly dataDirectory: string;
  readonly coordinators: KnownCoordinators;
  readonly log: Log;
}

/** The list that was stored before is in force when this resolves. Throws DENY_LIST_UNREADABLE. */
export async function shardRevocations(
  { shardId, dataDirectory, coordinators, log }: Options,
  { tls }: FollowedTls,
  store: ShardStore,
): Promise<ShardRevocations | null> {
  if (tls === "insecure-loopback") return null;
  const held = await HeldDenials.open(dataDirectory, tls.denyList, log);
  const obeyed = () => store.allegiance.incarnation?.id ?? null;
  const first = [...shardId].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  const addresses = () => coordinators.addresses;
  const watch =
    addresses().length === 0
      ? null
      : new RevocationWatch({ tls, coordinators: addresses, held, obeyed, log, first });
  return {
    watch,
    compare: ({ incarnation, denyListVersion }) => watch?.compare(incarnation?.id ?? "", denyListVersion),
    close: async () => {
      watch?.close();
      await held.close();
    },
  };
}
