// One row per context: the fleets that this user's configuration knows.
import type { Table } from "../table.ts";

export interface ContextRow {
  readonly name: string;
  readonly current: boolean;
  /** "fleet" or "etcd". */
  readonly engine: string;
  readonly endpoints: readonly string[];
  readonly directory: string | null;
  readonly readOnly: boolean;
}

export const contextTable: Table<ContextRow> = {
  rowName: (context) => context.name,
  columns: [
    { name: "current", header: "CURRENT", value: (context) => (context.current ? "*" : "") },
    { name: "name", header: "NAME", value: (context) => context.name },
    { name: "kind", header: "KIND", value: (context) => context.engine },
    { name: "endpoints", header: "ENDPOINTS", value: (context) => context.endpoints.join(",") },
    { name: "directory", header: "DIRECTORY", value: (context) => context.directory },
    {
      name: "readonly",
      header: "READONLY",
      value: (context) => (context.readOnly ? "yes" : "no"),
      wide: true,
    },
  ],
};
