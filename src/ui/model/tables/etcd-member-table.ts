// One row per member of an etcd cluster, as its members' list has it.
import type { Table } from "../table.ts";

export interface EtcdMemberRow {
  readonly name: string;
  /** Hexadecimal. */
  readonly memberId: string;
  readonly role: string;
  readonly peers: readonly string[];
  readonly clients: readonly string[];
}

export const etcdMemberTable: Table<EtcdMemberRow> = {
  rowName: ({ name }) => name,
  columns: [
    { name: "name", header: "NAME", value: ({ name }) => name || "(not started)" },
    { name: "id", header: "ID", value: ({ memberId }) => memberId },
    { name: "role", header: "ROLE", value: ({ role }) => role },
    { name: "clients", header: "CLIENTS", value: ({ clients }) => clients.join(",") },
    { name: "peers", header: "PEERS", value: ({ peers }) => peers.join(","), wide: true },
  ],
};
