// `fleet snapshot list`: what a store of exported snapshots holds. It asks no fleet.
import { Flags } from "@oclif/core";
import type { SnapshotListReport } from "../../client/snapshot/reports.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import { snapshotLines, snapshotTable } from "../../ui/model/tables/snapshot-table.ts";

const view = listView("Snapshot", { snapshots: snapshotTable }, "no snapshots", snapshotLines);

export default class SnapshotList extends LocalCommand {
  static override summary = "List exported snapshots, newest first";
  static override description =
    "Reads manifests and compares sizes; fleet snapshot verify reads the snapshots themselves. A restore " +
    "never uses a snapshot that is damaged or has no manifest.";
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
