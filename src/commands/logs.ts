// `fleet logs [PROCESS…]`: what a local fleet's processes logged, merged by time, and what they log from now on.
import { setTimeout as sleep } from "node:timers/promises";
import { Args, Flags } from "@oclif/core";
import type { LogSelection } from "../client/logs/fleet-logs.ts";
import type { LogLine } from "../client/logs/log-line.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { durationFlag } from "../ui/cli/fleet-flags.ts";
import { stringify, toContract } from "../ui/cli/json.ts";
import { LocalCommand, localFlags } from "../ui/cli/local-command.ts";
import { timeFlags } from "../ui/cli/output-flags.ts";
import { writeData } from "../ui/cli/terminal.ts";
import { logLine } from "../ui/model/log-lines.ts";
import { printableReport } from "../ui/model/printable-report.ts";

interface BundleSelection extends Omit<LogSelection, "isFollowed" | "since"> {
  readonly sinceMs: number | null;
}

const LINES = 100;
const LINES_MAX = 100_000;

export default class Logs extends LocalCommand {
  static override summary = "Show what the processes of a local fleet logged";
  static override description =
    "Merges the logs of nodes, shards and agents by time. Text that is not a log line, such as a crash of " +
    "Node, shows at every level. A fleet on other hosts has its logs there, for example: journalctl -u " +
    "fleet-coordinator@n1";
  static override examples = [
    "<%= config.bin %> logs",
    "<%= config.bin %> logs n1 n2 --level warn --since 10m",
    "<%= config.bin %> logs n1 -f -o jsonl",
  ];
  // Any number of them.
  static override strict = false;
  static override args = {
    process: Args.string({
      description: "A node, a shard, or agents; may be given several times (default: all)",
    }),
  };
  static override flags = {
    ...localFlags,
    ...timeFlags,
    from: Flags.string({
      summary: "Show the logs in this bundle instead of those of a local fleet",
      exclusive: ["dir", "follow"],
    }),
    follow: Flags.boolean({ char: "f", summary: "Then show each new line, until Ctrl-C" }),
    tail: Flags.integer({
      min: 0,
      max: LINES_MAX,
      helpValue: "N",
      summary: `The newest N lines of all processes together (default: ${LINES}, with --since all of that time)`,
    }),
    since: durationFlag({ summary: "Only lines of the last 10m, 2h, …" }),
    level: Flags.option({
      options: ["debug", "info", "warn", "error"] as const,
      default: "debug" as const,
      summary: "Lowest level of shown lines",
    })(),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Logs);
    const names = argv.map(String);
    this.#refuse(names, flags.follow);
    const [{ loadLocalFleet }, { openLogs }] = await Promise.all([
      import("../client/files/local-fleet.ts"),
      import("../client/logs/fleet-logs.ts"),
    ]);
    const linesMax = flags.tail ?? (flags.since === undefined ? LINES : LINES_MAX);
    if (flags.from !== undefined) {
      const { from: path, level, since } = flags;
      this.#showAll(await this.#linesIn(path, { names, level, linesMax, sinceMs: since ?? null }));
      return;
    }
    const fleet = await loadLocalFleet(await this.folder(flags));
    const logs = await openLogs(fleet, {
      ...{ names, level: flags.level, isFollowed: flags.follow, linesMax },
      since: flags.since === undefined ? null : new Date(Date.now() - flags.since).toISOString(),
    });
    const nameWidth = Math.max(...fleet.processes.map(({ name }) => name.length));
    if (!flags.follow) return this.#showAll(logs.lines, nameWidth);
    this.#show(logs.lines, nameWidth);
    for await (const news of logs.follow((ms) => sleep(ms))) this.#show(news, nameWidth);
  }

  /** The logs in a bundle; `sinceMs` counts back from when it was made. */
  async #linesIn(path: string, { sinceMs, ...selection }: BundleSelection): Promise<readonly LogLine[]> {
    const [{ openBundle }, { logsIn }] = await Promise.all([
      import("../client/bundle/open-bundle.ts"),
      import("../client/bundle/bundle-logs.ts"),
    ]);
    const bundle = await openBundle(path, this.words);
    const { at, target } = bundle.head;
    this.note(`from ${path}: fleet ${target.name} as it was at ${at}`);
    const madeMs = Date.parse(at);
    const isDated = sinceMs !== null && Number.isFinite(madeMs);
    return logsIn(bundle, { ...selection, since: isDated ? new Date(madeMs - sinceMs).toISOString() : null });
  }

  #showAll(
    lines: readonly LogLine[],
    nameWidth = Math.max(0, ...lines.map((line) => line.process.length)),
  ): void {
    if (this.output.format === "json") {
      writeData(stringify({ ...toContract("LogList", {}), lines }, true));
      return;
    }
    if (lines.length === 0) this.note("no lines to show");
    this.#show(lines, nameWidth);
  }

  #show(lines: readonly LogLine[], nameWidth: number): void {
    const { format } = this.output;
    const look = this.look(process.stdout);
    for (const line of lines) {
      const isJson = format === "json" || format === "jsonl";
      // Fields are shown as they were logged: the contract's rules are for a fleet's answers.
      const { fields, ...rest } = line;
      if (isJson) writeData(stringify({ ...toContract("LogLine", rest), fields }, false));
      else writeData(logLine(printableReport(line), nameWidth, look));
    }
  }

  #refuse(names: readonly string[], isFollowed: boolean): void {
    const { format } = this.output;
    const flag = names.find((name) => name.startsWith("-"));
    const isKnown = ["table", "wide", "json", "jsonl"].includes(format);
    if (flag === undefined && isKnown) return;
    throw new OperatorError("USAGE", {
      what: flag === undefined ? `logs cannot be shown as ${format}` : `unknown flag: ${flag}`,
      next:
        flag === undefined
          ? `choose -o ${isFollowed ? "jsonl" : "json"}, or leave -o out`
          : "see the flags with --help",
      exit: Exit.Usage,
    });
  }
}
