// `fleet kv compact`: the history before a revision is given up.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { EtcdCommand, storeChangeFlags } from "../../ui/cli/etcd-command.ts";

interface CompactReport {
  readonly revision: string;
}

export default class KvCompact extends EtcdCommand {
  static override summary = "Remove the history before a revision";
  static override description =
    "Reads and watches below the revision are refused from then on. The current keys and values stay.";
  static override examples = ["<%= config.bin %> kv compact 1200 --physical"];
  static override args = {
    revision: Args.string({ required: true, description: "The oldest revision that can be read afterwards" }),
  };
  static override flags = {
    ...storeChangeFlags,
    physical: Flags.boolean({ summary: "Wait until the history is gone from disk too" }),
  };

  async run(): Promise<CompactReport> {
    const { args, flags } = await this.parse(KvCompact);
    const revision = Number(args.revision);
    if (!/^\d+$/.test(args.revision) || !Number.isSafeInteger(revision) || revision < 1) {
      throw new OperatorError("USAGE", {
        what: `${args.revision} is not a revision`,
        next: "give a number that fleet kv get -o json shows as its revision",
        exit: Exit.Usage,
      });
    }
    const { compact } = await import("../../client/etcd/store-calls.ts");
    await compact(await this.writableStore(flags), { revision, physical: flags.physical });
    const report = { revision: args.revision };
    await this.printText(report, {
      kind: "KvCompact",
      text: (_, { paint, symbols }) => [
        paint.mark(
          "good",
          `${symbols.marks.good} compacted: revisions before ${revision} can't be read any more`,
        ),
      ],
    });
    return report;
  }
}
