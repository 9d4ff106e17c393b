// `fleet docs [TOPIC]`: the command reference, made of the commands themselves. It asks no fleet.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { BaseCommand } from "../ui/cli/base-command.ts";
import { closest } from "../ui/model/closest.ts";

const INDEX = "README";

interface DocsReport {
  /** The pages by name, in the reference's order. */
  readonly pages: readonly string[];
  /** One page's text; empty when all were written into a folder. */
  readonly text: string;
}

export default class Docs extends BaseCommand {
  static override summary = "Print the command reference, or write it to a folder";
  static override description =
    "Without a topic it prints the list of topics and the flags that they share. A page is Markdown: each command with its flags and examples, and what the columns mean. --to writes every page, and removes pages that it wrote earlier for topics that no longer exist.";
  static override examples = [
    "<%= config.bin %> docs",
    "<%= config.bin %> docs rebind",
    "<%= config.bin %> docs --to docs/commands",
  ];
  static override args = { topic: Args.string({ description: "A topic, for example shard" }) };
  static override flags = {
    to: Flags.string({ helpValue: "FOLDER", summary: "Write all pages into this folder instead" }),
  };

  async run(): Promise<DocsReport> {
    const { args, flags } = await this.parse(Docs);
    if (args.topic !== undefined && flags.to !== undefined) throw oneOrAll();
    const { commandReference, writeReference } = await import("../ui/cli/command-reference.ts");
    if (flags.to !== undefined) {
      const pages = (await writeReference(flags.to)).map(pageOf);
      this.note(`${pages.length} pages were written to ${flags.to}`);
      const report = { pages, text: "" };
      await this.printText(report, { kind: "CommandReference", text: () => [] });
      return report;
    }
    const reference = commandReference();
    const pages = [...reference.keys()].map(pageOf);
    const page = args.topic ?? INDEX;
    const text = reference.get(`${page}.md`);
    if (text === undefined) throw unknownTopic(page, pages);
    const report = { pages, text };
    await this.print(report, { kind: "CommandReference", file: () => text });
    return report;
  }
}

const pageOf = (file: string): string => file.replace(/\.md$/, "");

function unknownTopic(topic: string, pages: readonly string[]): OperatorError {
  const near = closest(topic, pages);
  return new OperatorError("TOPIC_UNKNOWN", {
    what: `the command reference has no topic ${topic}`,
    next: near === null ? "list the topics with: fleet docs" : `fleet docs ${near}`,
    exit: Exit.NotFound,
  });
}

function oneOrAll(): OperatorError {
  return new OperatorError("USAGE", {
    what: "a topic and --to contradict each other",
    why: "--to writes all pages",
    next: "give one of them",
    exit: Exit.Usage,
  });
}
