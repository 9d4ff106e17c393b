// Flags about how an answer is shown, and what they come to. Every command has the first set; lists have more.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";

export const FORMATS = ["table", "wide", "json", "yaml", "jsonl", "name"] as const;
type Format = (typeof FORMATS)[number];

const OUTPUT = "OUTPUT";

export const outputFlags = {
  output: Flags.option({
    char: "o",
    options: FORMATS,
    summary: "How to show the answer",
    env: "FLEET_OUTPUT",
    helpGroup: OUTPUT,
  })(),
  json: Flags.boolean({ summary: "The same as -o json", helpGroup: OUTPUT }),
  "no-color": Flags.boolean({ summary: "No colour (so does NO_COLOR)", helpGroup: OUTPUT }),
  ascii: Flags.boolean({ summary: "ASCII characters only", env: "FLEET_ASCII", helpGroup: OUTPUT }),
};

/** For commands that show moments. */
export const timeFlags = {
  utc: Flags.boolean({ summary: "Show times in UTC, not in the local zone", helpGroup: OUTPUT }),
};

/** For commands that print a list. */
export const tableFlags = {
  ...timeFlags,
  columns: Flags.string({
    summary: "Show only these columns, comma-separated, in this order",
    helpGroup: OUTPUT,
  }),
  sort: Flags.string({ summary: "Order rows by a column; -COLUMN reverses", helpGroup: OUTPUT }),
  "no-headers": Flags.boolean({ summary: "No column headers", helpGroup: OUTPUT }),
};

const LIVE_ONLY = ["watch", "dir", "context", "endpoints"];

/** For commands that read from a fleet. */
export const liveFlags = {
  archive: Flags.string({
    summary: "Also write the answer to this new file, so that a colleague can see what you saw",
    exclusive: ["watch", "from"],
    helpGroup: OUTPUT,
  }),
  from: Flags.string({
    summary: "Show what this archive or bundle has instead of asking a fleet",
    exclusive: LIVE_ONLY,
    helpGroup: OUTPUT,
  }),
  watch: Flags.boolean({
    char: "w",
    summary: "Repeat once a second until Ctrl-C",
    helpGroup: OUTPUT,
  }),
};

/** For commands that read a list from a fleet. */
export const readFlags = { ...tableFlags, ...liveFlags };

/** What the flags above come to. */
export interface OutputOptions {
  readonly format: Format;
  readonly noColor: boolean;
  readonly ascii: boolean;
  readonly columns: readonly string[] | undefined;
  readonly sort: string | undefined;
  readonly headers: boolean;
  readonly utc: boolean;
}

/** From parsed flags, whichever of them a command has. Throws `OperatorError` (usage) for `--json` with another `-o`. */
export function outputOptions(flags: Readonly<Record<string, unknown>>): OutputOptions {
  const { output, json, ascii, columns, sort } = flags;
  const asked = FORMATS.find((format) => format === output);
  if (json === true && asked !== undefined && asked !== "json") {
    throw new OperatorError("USAGE", {
      what: `--json and -o ${asked} contradict each other`,
      next: "give one of them",
      exit: Exit.Usage,
    });
  }
  return {
    format: json === true ? "json" : (asked ?? "table"),
    noColor: flags["no-color"] === true,
    ascii: ascii === true,
    columns: typeof columns === "string" ? columns.split(",").map((name) => name.trim()) : undefined,
    sort: typeof sort === "string" ? sort : undefined,
    headers: flags["no-headers"] !== true,
    utc: flags["utc"] === true,
  };
}

/**
 * A watch emits one JSON document a line into a pipe, one for each read. Throws `OperatorError` (usage) when something
 * else was asked for, so that it never prints in another form than the wanted one.
 */
export function assertJsonLines(flags: Readonly<Record<string, unknown>>): void {
  const { output } = flags;
  const other = output === undefined || output === "json" || output === "jsonl" ? [] : [`-o ${output}`];
  const ofTables = Object.keys(tableFlags).filter(
    (name) => flags[name] !== undefined && flags[name] !== false,
  );
  const wrong = [...other, ...ofTables.map((name) => `--${name}`)];
  if (wrong.length === 0) return;
  throw new OperatorError("USAGE", {
    what: `${wrong.join(", ")} and --watch into a pipe contradict each other`,
    why: "into a pipe, --watch prints JSON lines, one document for each read",
    next: `leave ${wrong.join(", ")} out, or read once without --watch`,
    exit: Exit.Usage,
  });
}

/** How an error that comes before the flags are parsed is shown: read off the bare arguments. */
export function optionsFromArgv(
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): OutputOptions {
  const end = argv.indexOf("--");
  const words = end === -1 ? argv : argv.slice(0, end);
  const asksJson = words.some((word, at) => {
    if (/^(--json|--output=jsonl?|-o=?jsonl?)$/.test(word)) return true;
    return (word === "-o" || word === "--output") && /^jsonl?$/.test(words[at + 1] ?? "");
  });
  const { FLEET_OUTPUT: fromEnv, FLEET_ASCII: asciiEnv } = env;
  const json = asksJson || /^jsonl?$/.test(fromEnv ?? "");
  return {
    format: json ? "json" : "table",
    noColor: words.includes("--no-color"),
    ascii: words.includes("--ascii") || asciiEnv === "true",
    columns: undefined,
    sort: undefined,
    headers: true,
    utc: false,
  };
}
