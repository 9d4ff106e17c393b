// What a store says of its leases: how long each has left, and which keys it has.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { leaseName } from "./lease-id.ts";
import { leaseTimeToLive, listLeases } from "./store-calls.ts";

// So that a store with a hundred thousand leases is not asked for all of them at once.
const ASKED_AT_ONCE = 16;

export interface LeaseFacts {
  /** Hexadecimal. */
  readonly id: string;
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  /** Base64. */
  readonly keys: readonly string[];
}

/** Throws LEASE_UNKNOWN for one that has ended. */
export async function leaseFacts(client: EtcdClient, id: string): Promise<LeaseFacts> {
  const facts = await factsOrNull(client, id);
  if (facts !== null) return facts;
  throw new OperatorError("LEASE_UNKNOWN", {
    what: `there is no lease ${leaseName(id)}: it has ended, or never existed`,
    next: "see the leases: fleet lease list",
    exit: Exit.NotFound,
  });
}

/** By id. A lease that ends meanwhile is left out. */
export async function listLeaseFacts(client: EtcdClient): Promise<readonly LeaseFacts[]> {
  const { leases } = await listLeases(client);
  const facts: (LeaseFacts | null)[] = [];
  for (let at = 0; at < leases.length; at += ASKED_AT_ONCE) {
    const some = leases.slice(at, at + ASKED_AT_ONCE);
    facts.push(...(await Promise.all(some.map(({ ID }) => factsOrNull(client, ID)))));
  }
  return facts.filter((each) => each !== null).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

async function factsOrNull(client: EtcdClient, id: string): Promise<LeaseFacts | null> {
  const { ID, TTL, grantedTTL, keys } = await leaseTimeToLive(client, id, true);
  // etcd answers with -1 for a lease that is not there.
  if (TTL < 0) return null;
  return {
    id: leaseName(ID),
    ttlSeconds: TTL,
    grantedTtlSeconds: grantedTTL,
    keys: keys.map((key) => Buffer.from(key).toString("base64")),
  };
}
