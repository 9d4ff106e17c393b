// `fleet key decrypt`: exported audit entries, as they were before they were encrypted. It asks no fleet.
import { resolve } from "node:path";
import { Args } from "@oclif/core";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";
import { encryptionFlags, encryptionKeys } from "../../ui/cli/encryption-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";

interface DecryptReport {
  readonly file: string;
  readonly entries: readonly string[];
}

const view: TextView<DecryptReport> = {
  kind: "DecryptedEntries",
  name: (report) => report.file,
  text: ({ entries }) => entries,
};

export default class KeyDecrypt extends BaseCommand {
  static override summary = "Print exported audit entries that are encrypted";
  static override description =
    "Prints the lines of an audit-FIRST-LAST.jsonl.sealed file from a node's data folder, for example for a log shipper. For snapshots, use fleet snapshot restore. Exits with 1 if the file was changed, and with 4 if the key is missing or wrong.";
  static override examples = [
    "<%= config.bin %> key decrypt audit-0000000000000001-0000000000001000.jsonl.sealed --encryption-key-file encryption.key",
  ];
  static override args = { file: Args.string({ required: true, description: "The file" }) };
  static override flags = encryptionFlags;

  async run(): Promise<DecryptReport> {
    const { args, flags } = await this.parse(KeyDecrypt);
    const file = args.file === "-" ? "-" : resolve(args.file);
    const [{ readInputBytes }, { openEntries }] = await Promise.all([
      import("../../client/files/read-input.ts"),
      import("../../core/seal/sealed-entries.ts"),
    ]);
    const bytes = await readInputBytes(file).catch((cause: unknown) => {
      throw unusable(file, messageOf(cause), Exit.NotFound);
    });
    const opened = await openEntries(bytes, await encryptionKeys(flags), file);
    if (typeof opened === "string") throw unusable(file, opened, Exit.Failure);
    const entries = new TextDecoder().decode(opened.content).trimEnd().split("\n");
    const report = { file, entries };
    await this.printText(report, view);
    return report;
  }
}

function unusable(file: string, why: string, exit: Exit): OperatorError {
  return new OperatorError("EXPORT_UNUSABLE", {
    what: `${file} can't be decrypted`,
    why,
    next: "give a file that a node has exported, from audit/ in its data folder",
    exit,
  });
}
