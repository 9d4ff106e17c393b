// `fleet snapshot verify`: exported snapshots read whole and compared with what they say. It asks no fleet.
import { Args, Flags } from "@oclif/core";
import type { SnapshotFinding, SnapshotListReport } from "../../client/snapshot/reports.ts";
import { Exit } from "../../core/base/errors.ts";
import { allowPlainFlag, encryptionFlags, encryptionKeys } from "../../ui/cli/encryption-flags.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { snapshotLines, snapshotTable } from "../../ui/model/tables/snapshot-table.ts";

const view: TableView<SnapshotListReport, SnapshotFinding> = {
  kind: "SnapshotVerification",
  rowKind: "Snapshot",
  table: snapshotTable,
  rows: (report) => report.snapshots,
  lines: snapshotLines,
  empty: "no snapshots",
};

export default class SnapshotVerify extends LocalCommand {
  static override summary = "Check exported snapshots, byte for byte";
  static override description =
    "Checks the newest snapshot, the named one, or --all: size, SHA-256, and the hash of its tables. Exits with 1 if one cannot be restored, with 3 if there is no snapshot. Exits with 4 if one is encrypted and the key is missing or wrong. Exits with 9 if a key is given and one is not encrypted.";
  static override examples = ["<%= config.bin %> snapshot verify --all --from /mnt/backup/fleet"];
  static override args = { name: Args.string({ description: "Which one (default: the newest)" }) };
  static override flags = {
    ...tableFlags,
    ...localFlags,
    ...encryptionFlags,
    ...allowPlainFlag,
    from: Flags.string({ summary: "A folder or s3://bucket/prefix (default: what fleet.yaml records)" }),
    all: Flags.boolean({ summary: "All of them" }),
  };

  async run(): Promise<SnapshotListReport> {
    const { args, flags } = await this.parse(SnapshotVerify);
    const [{ storeOf }, { verifySnapshots }] = await Promise.all([
      import("../../client/snapshot/place.ts"),
      import("../../client/snapshot/reports.ts"),
    ]);
    const store = await storeOf(flags.from, "--from", await this.folder(flags));
    const { findLocalFleet } = await import("../../client/files/local-fleet.ts");
    const keys = await encryptionKeys(flags, await findLocalFleet(await this.folder(flags)));
    const which = { name: args.name, all: flags.all };
    const report = await verifySnapshots(store, which, keys, flags["allow-plain"]);
    await this.print(report, view);
    // Among all of them, one without a manifest may be an export that is under way.
    const mayBeUnderWay = flags.all ? "incomplete" : null;
    const isFine = ({ state }: SnapshotFinding) => state === "verified" || state === mayBeUnderWay;
    if (!report.snapshots.every(isFine)) this.exitWith(Exit.Failure);
    return report;
  }
}
