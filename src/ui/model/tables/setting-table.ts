// One row per value of a target, and with --show-origin where it came from.
import type { Table } from "../table.ts";

export interface SettingRow {
  readonly key: string;
  readonly value: string;
  readonly origin: string;
}

export const settingTable: Table<SettingRow> = {
  rowName: (setting) => setting.key,
  columns: [
    { name: "key", header: "KEY", value: (setting) => setting.key },
    { name: "value", header: "VALUE", value: (setting) => setting.value },
    { name: "origin", header: "ORIGIN", value: (setting) => setting.origin, wide: true },
  ],
};
