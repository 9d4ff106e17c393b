// Flags by which the server narrows a list, so that what is not asked for does not travel.
import { Flags } from "@oclif/core";
import type { ReadOptions } from "../../client/leader-reads.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { parseSelector, SELECTOR_RULE } from "../../core/base/label-selector.ts";
import { quoted } from "../../core/base/printable.ts";
import { COUNT_MAX, durationFlag } from "./fleet-flags.ts";
import { readFlags } from "./output-flags.ts";

const NARROW = "WHICH ROWS";
const FRESHNESS = "HOW FRESH";

const text = (summary: string) => Flags.string({ summary, helpGroup: NARROW });

const limit = (summary: string) => Flags.integer({ min: 1, max: COUNT_MAX, summary, helpGroup: NARROW });

export const limitFlag = { limit: limit("Maximum number of rows, the first by name") };
export const shortfallFlags = {
  prefix: text("Only clusters whose names begin with this"),
  limit: limit("Maximum number of rows, the most severe"),
};
export const prefixFlag = { prefix: text("Only names that begin with this") };
export const shardFlag = { shard: text("Only those of this shard") };
// Not --key, which names the file of the client's key.
export const domainKeyFlag = { "domain-key": text("Only domains with this key") };
export const regionFlag = { region: text("Only those in this region") };
export const providerFlag = { provider: text("Only those of this provider") };

export const selectorFlag = {
  selector: Flags.custom<string>({
    char: "l",
    helpValue: "SELECTOR",
    summary: "Only those with these labels: team=a,tier!=web,!legacy",
    helpGroup: NARROW,
    parse: async (text) => checkedSelector(text),
  })(),
};

/** Throws USAGE for a text that selects nothing. */
export function checkedSelector(text: string): string {
  if (parseSelector(text) !== null) return text;
  throw new OperatorError("USAGE", {
    what: `${quoted(text)} is not a label selector`,
    why: text.trim() === "" ? "most likely a shell variable is not set" : SELECTOR_RULE,
    next: "give one such as -l team=a,tier!=web",
    exit: Exit.Usage,
  });
}

/** For reads of the tables, which are linearizable without them, and so need a quorum. */
export const freshnessFlags = {
  stale: Flags.boolean({
    summary: "Accept any node's answer, however old; works without a quorum",
    exclusive: ["max-staleness", "from"],
    helpGroup: FRESHNESS,
  }),
  "max-staleness": durationFlag({
    summary: "Accept any node's answer that includes every change older than this",
    exclusive: ["from"],
    helpGroup: FRESHNESS,
  }),
};

/** For lists of the tables. */
export const listFlags = { ...readFlags, ...freshnessFlags };

/** The `consistency` of a read, if the flags ask for another than the default. */
export function freshness(flags: {
  readonly stale: boolean;
  readonly "max-staleness": number | undefined;
}): Pick<ReadOptions, "consistency"> {
  if (flags.stale) return { consistency: { $case: "stale", value: {} } };
  const { "max-staleness": value } = flags;
  return value === undefined ? {} : { consistency: { $case: "maxStalenessMs", value } };
}

/** The options of a list's read. */
export function listOptions(
  flags: Parameters<typeof freshness>[0] & { readonly limit: number | undefined },
): ReadOptions & { readonly rowsMax?: number } {
  return { ...(flags.limit === undefined ? {} : { rowsMax: flags.limit }), ...freshness(flags) };
}
