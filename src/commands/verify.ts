// `fleet verify`: the data folder of a stopped node, checked offline. It asks no fleet and writes nothing.
import { resolve } from "node:path";
import { Args } from "@oclif/core";
import { Exit } from "../core/base/errors.ts";
import type { Verification } from "../core/storage/verify.ts";
import { BaseCommand } from "../ui/cli/base-command.ts";
import { encryptionFlags, encryptionKeys } from "../ui/cli/encryption-flags.ts";
import { aliasFlag, objectOf } from "../ui/cli/object-argument.ts";
import { tableFlags } from "../ui/cli/output-flags.ts";
import type { TableView } from "../ui/cli/view.ts";
import { type FileFinding, verifyLines, verifyTable } from "../ui/model/tables/verify-table.ts";

const view: TableView<Verification, FileFinding> = {
  kind: "Verification",
  rowKind: "File",
  table: verifyTable,
  rows: (report) => report.files,
  lines: verifyLines,
  empty: "no files",
};

export default class Verify extends BaseCommand {
  static override summary = "Check the data folder of a stopped coordinator node";
  static override description =
    "Reads the node's identity, its logs and its snapshots, also those of the keys, and checks every checksum. Writes nothing. Exits with 1 if a file is damaged, with 3 if this is not a data folder, with 9 while a node uses it. Exits with 4 if it is encrypted and the key is missing or wrong.";
  static override examples = ["<%= config.bin %> verify .fleet/n1/data"];
  static override args = { folder: Args.string({ description: "Data folder of the stopped node" }) };
  static override flags = {
    ...tableFlags,
    ...encryptionFlags,
    data: aliasFlag(),
  };

  async run(): Promise<Verification> {
    const { args, flags } = await this.parse(Verify);
    const folder = objectOf(args.folder, flags.data, "FOLDER");
    const [{ verifyDataFolder }, { decodeSnapshot }, { decodeKeySpace }] = await Promise.all([
      import("../core/storage/verify.ts"),
      import("../core/fleet/snapshot/snapshot.ts"),
      import("../core/kv/snapshot.ts"),
    ]);
    // Of the other kinds the checksum is all that is checked.
    const decoders = new Map<string | null, typeof decodeSnapshot | typeof decodeKeySpace>([
      [null, decodeSnapshot],
      ["keys", decodeKeySpace],
    ]);
    const decodeState = (data: Uint8Array, kind: string | null) => {
      const restored = decoders.get(kind)?.(data);
      return restored === undefined || restored.ok ? null : restored.message;
    };
    const report = await verifyDataFolder(resolve(folder), decodeState, await encryptionKeys(flags));
    await this.print(report, view);
    if (report.damaged > 0) this.exitWith(Exit.Failure);
    return report;
  }
}
