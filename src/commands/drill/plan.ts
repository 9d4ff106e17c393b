// `fleet drill plan`: a game day, drills in sequence from a file.
import { Args, Flags } from "@oclif/core";
import type { PlanReport } from "../../client/drill/run-plan.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { planView } from "../../ui/cli/drill-plan-view.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";

export default class DrillPlanCommand extends FleetCommand {
  static override summary = "Run a game day: drills in sequence, from a file";
  static override description =
    "The YAML file names drills, their gates and pauses; docs/game-day.yaml is a sample. An interrupted game day resumes after its last run: give the same file again. It stops at the first failed step, unless the file says onFailure: continue. Exits with 7 when a gate fails.";
  static override examples = [
    "<%= config.bin %> drill plan game-day.yaml",
    "<%= config.bin %> drill plan game-day.yaml --yes --junit drills.xml --html drills.html",
  ];
  static override args = { file: Args.string({ required: true, description: "The game day, as YAML" }) };
  static override flags = {
    restart: Flags.boolean({ summary: "Begin with the first step, even if the game day was interrupted" }),
    report: Flags.string({ summary: "File for the JSON report (default: in .fleet/drills/)" }),
    junit: Flags.string({ summary: "File for the gates as JUnit XML, for CI" }),
    html: Flags.string({ summary: "File for a page with charts, which needs no other file" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<PlanReport> {
    const { args, flags } = await this.parse(DrillPlanCommand);
    const [
      { readPlan },
      { PlanProgress, runPlan },
      files,
      { runDrill },
      { nodeControlOf },
      { drillsFolder },
    ] = await Promise.all([
      import("../../client/drill/plan-file.ts"),
      import("../../client/drill/run-plan.ts"),
      import("../../client/drill/report-file.ts"),
      import("../../client/drill/run-drill.ts"),
      import("../../client/drill/node-control.ts"),
      import("../../client/drill/journal-folder.ts"),
    ]);
    const { plan, text } = await readPlan(args.file);
    const { junit, html, report: wanted } = flags;
    for (const path of [wanted, junit, html]) if (path !== undefined) await files.assertWritable(path);
    const client = await this.client(flags);
    const { name, directory } = client.target;
    await this.confirm(name, `run the game day "${plan.name}" on fleet ${name}`, flags.yes);
    await allowChange(client.target, this.words);
    const deps = await localDeps((said) => this.note(said));
    const control = nodeControlOf(client.target, deps);
    const stop = new AbortController();
    const { signal } = stop;
    const progress = await PlanProgress.open(drillsFolder(directory, process.cwd()), text, flags.restart);
    if (progress.steps.length > 0) this.note(`resuming the game day of ${progress.startedAt}`);
    const running = runPlan(plan, progress, {
      drill: async ({ spec, rate, beforeMs, afterMs, quietMs, gates }) => {
        const options = {
          ...{ rate, beforeMs, afterMs, quietMs, gates, signal, onEvent: () => undefined },
          onWait: (words: string) => this.note(`  ${words}`),
        };
        return (await runDrill(spec, client, deps, control, options)).report;
      },
      pause: async (ms) => {
        await deps.clock.sleep(ms, signal);
        if (signal.aborted) throw interrupted();
      },
      onStep: (words) => this.note(words),
    });
    this.onInterrupt(async () => {
      stop.abort();
      await running.catch(() => undefined);
      return "interrupted; the drill's fault is healed. To resume, run the same command again";
    });
    const report = await running;
    await this.printText(report, planView);
    const file = wanted ?? (await files.defaultReport(directory, "game-day"));
    await files.writeReport(file, report);
    const runs = report.steps.flatMap((step) => step.runs);
    await files.writeRenderings(runs, { junit, html, fleet: name }, plan.name);
    this.note(`report: ${file}`);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
  }
}

function interrupted(): OperatorError {
  return new OperatorError("DRILL_STOPPED", {
    what: "the game day was stopped before its end",
    next: "resume it: run the same command again",
    exit: Exit.Interrupted,
  });
}
