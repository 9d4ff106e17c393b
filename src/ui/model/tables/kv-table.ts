// One row per key of a store that speaks etcd's API.

import type { KvRow } from "../../../client/etcd/kv-rows.ts";
import { bytesText } from "../byte-text.ts";
import type { Table } from "../table.ts";

const VALUE_CHARACTERS = 120;

/** `whole`: values are not cut. */
export function kvTable(hex: boolean, whole: boolean): Table<KvRow> {
  const style = whole ? { hex } : { hex, charactersMax: VALUE_CHARACTERS };
  return {
    rowName: ({ key }) => bytesText(Buffer.from(key, "base64"), { hex }),
    columns: [
      { name: "key", header: "KEY", value: ({ key }) => bytesText(Buffer.from(key, "base64"), { hex }) },
      {
        name: "value",
        header: "VALUE",
        value: ({ value }) => bytesText(Buffer.from(value, "base64"), style),
      },
      { name: "revision", header: "REVISION", value: ({ modRevision }) => Number(modRevision) },
      { name: "created", header: "CREATED", value: (row) => Number(row.createRevision), wide: true },
      { name: "version", header: "VERSION", value: ({ version }) => Number(version), wide: true },
      { name: "lease", header: "LEASE", value: ({ lease }) => lease, wide: true },
    ],
  };
}
