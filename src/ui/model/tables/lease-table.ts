// One row per lease of a store that speaks etcd's API.
import type { Table } from "../table.ts";

export interface LeaseRow {
  /** Hexadecimal. */
  readonly id: string;
  readonly ttlSeconds: number;
  readonly grantedTtlSeconds: number;
  readonly keyCount: number;
}

export const leaseTable: Table<LeaseRow> = {
  rowName: ({ id }) => id,
  columns: [
    { name: "id", header: "LEASE", value: ({ id }) => id },
    { name: "ttl", header: "TTL", value: ({ ttlSeconds }) => `${ttlSeconds}s` },
    { name: "granted", header: "GRANTED", value: ({ grantedTtlSeconds }) => `${grantedTtlSeconds}s` },
    { name: "keys", header: "KEYS", value: ({ keyCount }) => keyCount },
  ],
};
