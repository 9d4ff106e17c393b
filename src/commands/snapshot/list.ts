// `fleet snapshot list`: what a store of exported snapshots holds. It asks no fleet.
import { Flags } from "@oclif/core";
import type { SnapshotFinding, SnapshotListReport } from "../../client/snapshot/reports.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { snapshotLines, snapshotTable } from "../../ui/model/tables/snapshot-table.ts";

const view: TableView<SnapshotListReport, SnapshotFinding> = {
  kind: "SnapshotList",
  rowKind: "Snapshot",
  table: snapshotTable,
  rows: (report) => report.snapshots,
  lines: snapshotLines,
  empty: "no snapshots",
};

export default class SnapshotList extends LocalCommand {
  static override summary = "List exported snapshots, newest first";
  static override description =
    "Reads manifests and compares sizes; fleet snapshot verify reads the snapshots themselves. A snapshot " +
    "that is damaged or has no manifest does not count.";
  static override examples = ["<%= config.bin %> snapshot list --from /mnt/backup/fleet"];
  static override flags = {
    ...tableFlags,
    ...localFlags,
    from: Flags.string({ summary: "A folder or s3://bucket/prefix (default: what fleet.yaml records)" }),
  };

  async run(): Promise<SnapshotListReport> {
    const { flags } = await this.parse(SnapshotList);
    const [{ storeOf }, { listSnapshots }] = await Promise.all([
      import("../../client/snapshot/place.ts"),
      import("../../client/snapshot/reports.ts"),
    ]);
    const report = await listSnapshots(await storeOf(flags.from, "--from", await this.folder(flags)));
    await this.print(report, view);
    return report;
  }
}
