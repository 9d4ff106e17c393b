// `fleet explain [TERM]`: what a table, a column or a word in a column means. It asks no fleet.
import { Args } from "@oclif/core";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { BaseCommand } from "../ui/cli/base-command.ts";
import { tableFlags } from "../ui/cli/output-flags.ts";
import type { TableView } from "../ui/cli/view.ts";
import { closest } from "../ui/model/closest.ts";
import { explain, knownNames, subjects, type Term } from "../ui/model/glossary/glossary.ts";
import { termTable } from "../ui/model/tables/term-table.ts";

interface Explanation {
  readonly terms: readonly Term[];
}

const view: TableView<Explanation, Term> = {
  kind: "Explanation",
  rowKind: "Term",
  table: termTable,
  rows: ({ terms }) => terms,
  empty: "the glossary is empty",
};

export default class Explain extends BaseCommand {
  static override summary = "Explain a table, a column or a state";
  static override description =
    "Without a term it lists the tables. The pages of the command reference have the same explanations.";
  static override examples = [
    "<%= config.bin %> explain",
    "<%= config.bin %> explain cluster.drift",
    "<%= config.bin %> explain lag",
  ];
  static override args = {
    term: Args.string({ description: "A table, TABLE.COLUMN, or a column or state alone" }),
  };
  static override flags = { ...tableFlags };

  async run(): Promise<Explanation> {
    const { args } = await this.parse(Explain);
    const report = { terms: args.term === undefined ? subjects : found(args.term) };
    await this.print(report, view);
    return report;
  }
}

function found(asked: string): readonly Term[] {
  const terms = explain(asked);
  if (terms.length > 0) return terms;
  const near = closest(asked, knownNames);
  throw new OperatorError("TERM_UNKNOWN", {
    what: `the glossary has no term ${asked}`,
    next: near === null ? "list the tables with: fleet explain" : `fleet explain ${near}`,
    exit: Exit.NotFound,
  });
}
