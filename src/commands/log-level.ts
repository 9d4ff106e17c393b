// `fleet log-level [NODE] [LEVEL]`: from which level on coordinators log; changed while they run.
import { Args } from "@oclif/core";
import type { LogLevels } from "../client/log-level.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { LOG_LEVELS } from "../core/base/log.ts";
import { mutationFlags } from "../ui/cli/fleet-flags.ts";
import { liveFlags } from "../ui/cli/output-flags.ts";
import type { TextView } from "../ui/cli/view.ts";
import { WriteCommand, type WriteReport } from "../ui/cli/write-command.ts";

const view: TextView<LogLevels> = {
  kind: "LogLevels",
  text: ({ nodes }) =>
    nodes.map(({ node, level, error }) => `${node}  ${level ?? `unknown: ${error ?? "its build is older"}`}`),
  name: ({ nodes }) => nodes.map(({ node }) => node).join("\n"),
};

export default class LogLevel extends WriteCommand {
  static override summary = "Show the coordinators' log levels, or change one while it runs";
  static override description =
    "Only administrators may change a level. The change is an audit entry, and the node applies it. It lasts until the node restarts: then the level of --log-level applies again. Debug lines of a busy node fill its disk, so set it back.";
  static override examples = [
    "<%= config.bin %> log-level",
    "<%= config.bin %> log-level n1 debug --reason 'why does n1 campaign?'",
    "<%= config.bin %> log-level n1 info",
  ];
  static override args = {
    node: Args.string({ description: "The coordinator's name (default: all are shown)" }),
    level: Args.string({ options: [...LOG_LEVELS], description: "The lowest level that it logs" }),
  };
  static override flags = { ...mutationFlags, ...liveFlags };

  async run(): Promise<WriteReport | LogLevels> {
    const { args, flags } = await this.parse(LogLevel);
    const { node } = args;
    const level = LOG_LEVELS.find((name) => name === args.level);
    const { levelOrder, levelsOf, untilLevel } = await import("../client/log-level.ts");
    if (node === undefined || level === undefined)
      return await this.read(flags, { view, load: (client) => levelsOf(client, node) });
    refuseReading(flags);
    const client = await this.client(flags);
    const levels = await levelsOf(client, node);
    const write = {
      operation: levelOrder(levels, level),
      would: `would set the log level of ${node} to ${level}`,
      done: `the log level of ${node} is now ${level}`,
      already: `the log level of ${node} was ${level} already`,
    };
    const wait = () => untilLevel(client, node, level, flags.timeout);
    return await this.write(flags, write, flags["dry-run"] ? null : wait);
  }
}

/** These flags show levels; a level beside them would be ignored. */
function refuseReading(flags: Readonly<Record<string, unknown>>): void {
  const flag = Object.keys(liveFlags).find((name) => flags[name] !== undefined && flags[name] !== false);
  if (flag === undefined) return;
  throw new OperatorError("USAGE", {
    what: `--${flag} and a new level contradict each other`,
    why: `--${flag} only shows levels`,
    next: `leave the level or --${flag} out`,
    exit: Exit.Usage,
  });
}
