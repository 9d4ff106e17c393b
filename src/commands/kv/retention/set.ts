// `fleet kv retention set`: how much history of the keys is kept without a request to compact it.
import { Flags } from "@oclif/core";
import { formatDuration } from "../../../core/base/duration.ts";
import { durationFlag, mutationFlags } from "../../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../../ui/cli/write-command.ts";
import { retentionWords } from "../../../ui/model/retention-words.ts";

export default class KvRetentionSet extends WriteCommand {
  static override summary = "Set how much history of the keys is kept";
  static override description =
    `Without a rule, history is kept until it is compacted. With --window, versions that were current during that time can be read. What is older is compacted. With --revisions alone, older revisions are compacted. With both, the window is the promise. While it needs more revisions, writes are refused with "too many requests", and no version inside it is dropped. The rule replaces the one before; without flags history is kept until it is compacted.`;
  static override examples = [
    "<%= config.bin %> kv retention set --window 24h --revisions 1000000 --reason 'a day of history'",
    "<%= config.bin %> kv retention set --revisions 10000",
  ];
  static override flags = {
    ...mutationFlags,
    window: durationFlag({
      summary: "What was current during this time can be read, at most 24d",
      default: 0,
      defaultHelp: async () => "none",
    }),
    revisions: Flags.integer({
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      summary: "At most this many revisions, 1000 or more",
      default: 0,
    }),
  };

  async run(): Promise<WriteReport> {
    const { flags } = await this.parse(KvRetentionSet);
    const value = { windowMs: flags.window, revisionsMax: flags.revisions };
    const rule = retentionWords(value, formatDuration);
    return await this.write(flags, {
      operation: { $case: "setKeyRetention", value },
      would: `would keep history ${rule}`,
      done: `history is kept ${rule}`,
      already: `history is kept ${rule} already`,
    });
  }
}
