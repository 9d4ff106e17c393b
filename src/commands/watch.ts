// `fleet watch [TABLE…]`: every change of the tables as it is made, one line each, across failovers.
import { Args, Flags } from "@oclif/core";
import type { WatchEvent } from "../client/table-watch.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import type { RpcFailure } from "../core/wire/rpc-error.ts";
import { changeDocuments, changeLines } from "../ui/cli/change-lines.ts";
import { FleetCommand } from "../ui/cli/fleet-command.ts";
import { indexFlag } from "../ui/cli/fleet-flags.ts";
import { writeData } from "../ui/cli/terminal.ts";
import { closest } from "../ui/model/closest.ts";
import { tableNames, tablesNamed } from "../ui/model/words.ts";

// Other commands wait as long for a leader.
const FIRST_ANSWER_MS = 5_000;

export default class Watch extends FleetCommand {
  static override summary = "Show changes of the tables as they are made";
  static override description =
    "Tables: shards, bindings, domains, members, instructions, providers, quotas, gates, audit, sessions. The " +
    "default is all but sessions, since nearly every write changes a session. On a terminal each change is " +
    "one line, in a pipe one JSON document a line. A failover neither loses nor repeats a change. If the " +
    "changes after --after are no longer known, it prints a reset: list again, then continue from its " +
    "revision. Ctrl-C prints the revision to continue from.";
  static override examples = [
    "<%= config.bin %> watch",
    "<%= config.bin %> watch bindings domains --after 1200",
    "<%= config.bin %> watch audit -o jsonl",
    "<%= config.bin %> watch sessions audit",
  ];
  // Any number of them.
  static override strict = false;
  static override args = { table: Args.string({ description: "A table; may be given several times" }) };
  static override flags = {
    after: indexFlag(0, "The last revision that is known already (default: what is committed now)"),
    incarnation: Flags.string({
      dependsOn: ["after"],
      summary:
        "Incarnation of the revision in --after. Without it, a recovered or restored fleet begins with a reset",
    }),
  };

  #revision: number | null = null;
  #incarnation: string | undefined;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Watch);
    const names = argv.map(String);
    checkTables(names);
    const isText = this.#isText();
    const client = await this.client(flags);
    this.#revision = flags.after ?? null;
    this.onInterrupt(() => this.#farewell(names));
    const from = {
      ...(flags.after === undefined ? {} : { afterRevision: flags.after }),
      ...(flags.incarnation === undefined ? {} : { incarnation: flags.incarnation }),
    };
    const { failureWords } = await import("../client/failure-words.ts");
    const onTrouble = (address: string, failure: RpcFailure) =>
      this.note(`${address}: ${failureWords(failure)}; the watch continues through another node`);
    for await (const event of client.watch({
      tables: tablesNamed(names),
      onTrouble,
      firstAnswerMs: FIRST_ANSWER_MS,
      ...from,
    })) {
      if (this.#revision === null) this.note(`watching after revision ${event.revision}`);
      this.#print(event, isText);
      this.#revision = event.revision;
      this.#incarnation = event.incarnation;
    }
  }

  #print(event: WatchEvent, isText: boolean): void {
    const lines = isText ? changeLines(event, this.look(process.stdout)) : changeDocuments(event);
    for (const line of lines) writeData(line);
  }

  /** Lines for people on a terminal, JSON into a pipe or when asked for. */
  #isText(): boolean {
    const { format } = this.output;
    if (format === "json" || format === "jsonl") return false;
    if (format === "table" || format === "wide") return process.stdout.isTTY === true;
    throw new OperatorError("USAGE", {
      what: `a watch cannot be shown as ${format}`,
      next: "choose -o jsonl, or leave -o out",
      exit: Exit.Usage,
    });
  }

  #farewell(names: readonly string[]): string | undefined {
    if (this.#revision === null) return undefined;
    const of = this.#incarnation === undefined ? [] : ["--incarnation", this.#incarnation];
    return `continue with: ${["fleet", "watch", ...names, "--after", this.#revision, ...of].join(" ")}`;
  }
}

function checkTables(names: readonly string[]): void {
  const unknown = names.find((name) => !tableNames.includes(name));
  if (unknown === undefined) return;
  const near = closest(unknown, tableNames);
  throw new OperatorError("USAGE", {
    what: unknown.startsWith("-") ? `unknown flag: ${unknown}` : `there is no table ${unknown} to watch`,
    next: `${near === null ? "" : `did you mean ${near}? `}tables are: ${tableNames.join(", ")}`,
    exit: Exit.Usage,
  });
}
