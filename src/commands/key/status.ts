// `fleet key status`: how every node encrypts what it keeps, and what is left of before.
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { KeyReport, NodeKeys } from "../../client/key/key-status.ts";
import { Exit } from "../../core/base/errors.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { keyLines, keyTable } from "../../ui/model/tables/key-table.ts";

const view: TableView<KeyReport, NodeKeys> = {
  kind: "KeyStatus",
  rowKind: "NodeKeys",
  table: keyTable,
  rows: (report) => report.nodes,
  lines: (report) => keyLines(report.nodes),
  empty: "no nodes",
};

export default class KeyStatus extends FleetCommand {
  static override summary = "Show how the nodes encrypt their data, and which files still use earlier keys";
  static override description =
    "Asks every coordinator. Remove an operator's key from the key file only when no node shows it and no kept export needs it. Exports are snapshots (fleet snapshot list: KEY) and audit/*.jsonl.sealed files in the data folders, which are never encrypted again (AUDIT FILES, with -o wide). Exits with 5 if a node does not answer.";
  static override examples = ["<%= config.bin %> key status"];
  static override flags = readFlags;

  async run(): Promise<KeyReport> {
    const { flags } = await this.parse(KeyStatus);
    const load = async (client: FleetReads) => {
      const { keyReport } = await import("../../client/key/key-status.ts");
      return await keyReport(client);
    };
    const exit = ({ nodes }: KeyReport) =>
      nodes.some(({ state }) => state === "unknown") ? Exit.NoQuorum : Exit.Ok;
    return await this.read(flags, { view, load, exit });
  }
}
