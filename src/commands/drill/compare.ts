// `fleet drill compare`: what became better or worse between two reports.
import { Args } from "@oclif/core";
import { Exit } from "../../core/base/errors.ts";
import { type Comparison, compareRuns } from "../../core/drill/compare.ts";
import { BaseCommand } from "../../ui/cli/base-command.ts";
import { comparisonView } from "../../ui/cli/drill-compare-view.ts";

export default class DrillCompare extends BaseCommand {
  static override summary = "Show what became better or worse between two reports of drills";
  static override description =
    "Compares medians, drill by drill. A difference counts only if it is larger than the differences among " +
    "the runs of one report. A report of one run cannot show that: make reports of several runs (--runs). " +
    "Exits with 7 if something became worse. Needs no fleet.";
  static override examples = [
    "<%= config.bin %> drill run kill-leader --yes --runs 10 --report after.json",
    "<%= config.bin %> drill compare before.json after.json",
  ];
  static override args = {
    before: Args.string({ required: true, description: "Report of fleet drill run, before" }),
    after: Args.string({ required: true, description: "Report of fleet drill run, after" }),
  };

  async run(): Promise<Comparison> {
    const { args } = await this.parse(DrillCompare);
    const { readRuns } = await import("../../client/drill/read-report.ts");
    const comparison = compareRuns(await readRuns(args.before), await readRuns(args.after));
    await this.print(comparison, comparisonView);
    this.exitWith(comparison.verdict === "worse" ? Exit.GateFailed : Exit.Ok);
    return comparison;
  }
}
