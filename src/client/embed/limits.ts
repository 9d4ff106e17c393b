// Limits of a host, and which options are usable.

import type { OpenOptions } from "./coordinator.ts";
import { unusable } from "./errors.ts";

const NAME = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
export const LEASE_MS = 5_000;
const LEASE_MS_MIN = 2_000;
export const SNAPSHOT_EVERY = 1_000;
/** Of an entry. With the names around it a request stays below etcd's 1.5 MiB. */
export const VALUE_BYTES_MAX = 1024 * 1024;
export const DEADLINE_MS = 10_000;

/** Throws an OperatorError (usage). */
export function checkOptions({
  name,
  directory,
  address,
  serve,
  context,
  fleet,
  etcdEndpoints,
  ...limits
}: OpenOptions): void {
  if (!NAME.test(name)) {
    throw unusable(
      `${JSON.stringify(name)} can't name a log`,
      "give 1 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends",
    );
  }
  const places = [directory, context, fleet, etcdEndpoints].filter((place) => place !== undefined);
  if (places.length > 1) {
    throw unusable("a log is at one place", "give one of directory, context, fleet and etcdEndpoints");
  }
  if (directory === undefined && (address !== undefined || serve !== undefined)) {
    throw unusable(
      "address and serve are for a replica in this process",
      "give a directory, or leave them out",
    );
  }
  const { leaseMs = LEASE_MS, snapshotEvery = SNAPSHOT_EVERY, deadlineMs = DEADLINE_MS } = limits;
  if (!(leaseMs >= LEASE_MS_MIN)) throw unusable("leaseMs is too short", `give at least ${LEASE_MS_MIN}`);
  if (!(snapshotEvery >= 1)) throw unusable("snapshotEvery must be at least 1", "give for example 1000");
  if (!(deadlineMs > 0)) throw unusable("deadlineMs must be above zero", "give for example 10000");
}
