// `fleet kv retention set`: how much history of the keys is kept without a request to compact it.
import { Flags } from "@oclif/core";
import { exactDuration, parseDuration } from "../../../core/base/duration.ts";
import { Exit, OperatorError } from "../../../core/base/errors.ts";
import { REVISIONS_MIN, retentionWords, WINDOW_DAYS_MAX } from "../../../core/base/retention-rule.ts";
import { badDuration, durationFlag, mutationFlags } from "../../../ui/cli/fleet-flags.ts";
import { WriteCommand, type WriteReport } from "../../../ui/cli/write-command.ts";

export default class KvRetentionSet extends WriteCommand {
  static override summary = "Set how much history of the keys is kept";
  static override description =
    `Without a rule, history is kept until it is compacted. With --window, versions that were current during that time can be read, and older ones are compacted. With --revisions alone, older revisions are compacted. With both, no version inside the window is dropped. While the window needs more revisions than the limit, writes are refused with "too many requests". The rule replaces the one before. --none removes it.`;
  static override examples = [
    "<%= config.bin %> kv retention set --window 24h --revisions 1000000 --reason 'a day of history'",
    "<%= config.bin %> kv retention set --revisions 10000",
    "<%= config.bin %> kv retention set --none",
  ];
  static override flags = {
    ...mutationFlags,
    window: durationFlag({
      summary: `Keep versions that were current during this time, at most ${WINDOW_DAYS_MAX}d`,
      parse: async (text) => windowMs(text),
    }),
    revisions: Flags.integer({
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
      summary: `At most this many revisions, ${REVISIONS_MIN} or more`,
    }),
    none: Flags.boolean({
      exclusive: ["window", "revisions"],
      summary: "Remove the rule: history is kept until it is compacted",
    }),
  };

  async run(): Promise<WriteReport> {
    const { flags } = await this.parse(KvRetentionSet);
    const { window, revisions, none } = flags;
    if (window === undefined && revisions === undefined && !none) {
      throw usage(
        "no rule was given",
        "give --window 24h, --revisions 10000 or both; or remove the rule: --none",
      );
    }
    if (revisions !== undefined && revisions < REVISIONS_MIN) {
      throw usage(
        `--revisions ${revisions} is too few: lists in pages need the last ones`,
        `give ${REVISIONS_MIN} or more; to keep history until it is compacted: --none`,
      );
    }
    const value = { windowMs: window ?? 0, revisionsMax: revisions ?? 0 };
    const rule = retentionWords(value, exactDuration);
    return await this.write(flags, {
      operation: { $case: "setKeyRetention", value },
      would: `would keep history ${rule}`,
      done: `history is kept ${rule}`,
      already: `history is kept ${rule} already`,
    });
  }
}

/** A window is not waited for, so it may be longer than a timer. */
function windowMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === null) throw badDuration(text);
  if (ms > 0 && ms <= WINDOW_DAYS_MAX * 86_400_000) return ms;
  throw usage(
    `--window ${text} ${ms > 0 ? `is longer than ${WINDOW_DAYS_MAX} days` : "keeps nothing"}`,
    `give at most ${WINDOW_DAYS_MAX}d; to keep history until it is compacted: --none`,
  );
}

const usage = (what: string, next: string): OperatorError =>
  new OperatorError("USAGE", { what, next, exit: Exit.Usage });
