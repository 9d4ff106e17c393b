// `fleet context view`: which fleet a command would talk to from here, and where each of its values comes from.
import { Flags } from "@oclif/core";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { type SettingRow, settingTable } from "../../ui/model/tables/setting-table.ts";

interface ContextView {
  readonly name: string;
  readonly readOnly: boolean;
  readonly settings: readonly SettingRow[];
}

const view: TableView<ContextView, SettingRow> = {
  kind: "ContextView",
  rowKind: "Setting",
  table: settingTable,
  rows: (report) => report.settings,
  lines: ({ name, readOnly }) => [{ text: `target: ${name}${readOnly ? " (read-only)" : ""}`, mark: "good" }],
  empty: "nothing is set",
};

export default class ContextViewCommand extends FleetCommand {
  static override summary = "Show which fleet the commands use here, and why";
  static override examples = ["<%= config.bin %> context view --show-origin"];
  static override flags = {
    ...tableFlags,
    "show-origin": Flags.boolean({ summary: "Say where each value comes from" }),
  };

  async run(): Promise<ContextView> {
    const { flags } = await this.parse(ContextViewCommand);
    if (flags["show-origin"] && this.output.format === "table")
      this.output = { ...this.output, format: "wide" };
    const { name, readOnly = false, settings } = await this.target(flags);
    const report = { name, readOnly, settings };
    await this.print(report, view);
    return report;
  }
}
