// What the commands that run a drill share: flags, the question, the runs, and what is written of them.
import { Flags } from "@oclif/core";
import { QUIET_MS } from "../../client/drill/cool-down.ts";
import type { Renderings } from "../../client/drill/report-file.ts";
import type { DrillOptions, DrillResult } from "../../client/drill/run-drill.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillSpec } from "../../core/drill/drill-spec.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import { type SeriesReport, seriesOf } from "../../core/drill/series.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { allowChange } from "./allow-change.ts";
import { drillView, seriesView } from "./drill-view.ts";
import { FleetCommand } from "./fleet-command.ts";
import { durationFlag, type TargetFlagValues } from "./fleet-flags.ts";
import { localDeps } from "./local-deps.ts";

/** How a drill is run when nothing else is asked for. */
export const USUAL_DRILL = { rate: 50, beforeMs: 2_000, afterMs: 2_000, quietMs: QUIET_MS } as const;

export const drillFlags = {
  rate: Flags.integer({ summary: "Writes a second", default: USUAL_DRILL.rate, min: 1, max: 2_000 }),
  before: durationFlag({
    summary: "Write this long before the fault",
    default: USUAL_DRILL.beforeMs,
    defaultHelp: async () => "2s",
  }),
  after: durationFlag({
    summary: "Write this long after the recovery",
    default: USUAL_DRILL.afterMs,
    defaultHelp: async () => "2s",
  }),
  quiet: durationFlag({
    summary: "Break nothing until the leader has led this long",
    default: USUAL_DRILL.quietMs,
    defaultHelp: async () => "5s",
  }),
  runs: Flags.integer({
    summary: "Number of runs, one after the other; the worst one is judged",
    default: 1,
    min: 1,
    max: 1_000,
  }),
  slo: Flags.string({ summary: "Gates: first-write=2s,election=1s,catch-up=10s,lost=0,…", default: "" }),
  report: Flags.string({ summary: "File for the JSON report (default: in .fleet/drills/)" }),
  history: Flags.string({
    summary:
      "File for the clients' operations and answers, one JSON document a line; for several runs FILE-1, …",
  }),
  edn: Flags.string({ summary: "File for the same history as EDN, in the form of Jepsen's" }),
  junit: Flags.string({ summary: "File for the gates as JUnit XML, for CI" }),
  html: Flags.string({ summary: "File for a page with charts, which needs no other file" }),
  yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
};

export interface DrillFlagValues extends TargetFlagValues {
  readonly rate: number;
  readonly before: number;
  readonly after: number;
  readonly quiet: number;
  readonly runs: number;
  readonly slo: string;
  readonly report: string | undefined;
  readonly history: string | undefined;
  readonly edn: string | undefined;
  readonly junit: string | undefined;
  readonly html: string | undefined;
  readonly yes: boolean;
}

interface ResultFiles extends Renderings {
  readonly file: string;
  /** One for each run; none when they are not wanted. */
  readonly histories: readonly string[];
  readonly edns: readonly string[];
}

export abstract class DrillCommand extends FleetCommand {
  protected async runSpec(spec: DrillSpec, flags: DrillFlagValues): Promise<DrillReport | SeriesReport> {
    const { runs } = flags;
    const gates = gatesOf(flags.slo);
    const { assertWritable, defaultReport, historyFiles } = await import("../../client/drill/report-file.ts");
    const histories = flags.history === undefined ? [] : historyFiles(flags.history, runs);
    const edns = flags.edn === undefined ? [] : historyFiles(flags.edn, runs);
    const { junit, html } = flags;
    for (const path of [flags.report, histories, edns, junit, html].flat()) {
      if (path !== undefined) await assertWritable(path);
    }
    const client = await this.client(flags);
    const { name, directory } = client.target;
    const times = runs === 1 ? "" : ` ${runs} times`;
    await this.confirm(name, `run drill ${spec.name} on fleet ${name}${times}`, flags.yes);
    await allowChange(client.target, this.words);
    const stop = new AbortController();
    const options: DrillOptions = {
      ...{ rate: flags.rate, beforeMs: flags.before, afterMs: flags.after, gates, signal: stop.signal },
      ...{ quietMs: flags.quiet, onWait: (text) => this.note(`  ${text}`) },
      onEvent: (event) => {
        if (event.kind !== "acknowledged")
          this.note(`  ${event.kind}${"node" in event ? ` ${event.node}` : ""}`);
      },
    };
    const file = flags.report ?? (await defaultReport(directory, spec.name));
    const once = () => this.#drill(spec, client, options);
    const files = { file, histories, edns, junit, html, fleet: name };
    const drill = runs === 1 ? this.#once(once, files) : this.#often(once, options.gates, files, runs);
    this.onInterrupt(() => endEarly(stop, drill));
    return await drill;
  }

  async #once(once: () => Promise<DrillResult>, files: ResultFiles): Promise<DrillReport> {
    const { writeHistories, writeRenderings, writeReport } = await import(
      "../../client/drill/report-file.ts"
    );
    const result = await once();
    const { report } = result;
    // Shown first: what was measured must not be lost with a disk that filled up meanwhile.
    await this.printText(report, drillView);
    await writeReport(files.file, report);
    this.note(`report: ${files.file}`);
    await writeHistories(result, files, 1);
    await writeRenderings([report], files);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
  }

  async #often(
    once: () => Promise<DrillResult>,
    gates: readonly Gate[],
    files: ResultFiles,
    wanted: number,
  ): Promise<SeriesReport> {
    const [{ writeHistories, writeRenderings, writeReport }, { repeatDrill }] = await Promise.all([
      import("../../client/drill/report-file.ts"),
      import("../../client/drill/repeat.ts"),
    ]);
    const { runs, failure } = await repeatDrill(wanted, async (run) => {
      this.note(`run ${run} of ${wanted}`);
      const result = await once();
      await writeHistories(result, files, run);
      return result.report;
    });
    const series = seriesOf(runs, wanted, gates);
    // What ended it early is this command's answer then.
    if (failure === null) await this.printText(series, seriesView);
    await writeReport(files.file, series);
    await writeRenderings(runs, files);
    this.note(`report of ${runs.length} of ${wanted} runs: ${files.file}`);
    if (failure !== null) throw failure.cause;
    this.exitWith(series.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return series;
  }

  async #drill(spec: DrillSpec, client: FleetClient, options: DrillOptions): Promise<DrillResult> {
    const [{ runDrill }, { nodeControlOf }] = await Promise.all([
      import("../../client/drill/run-drill.ts"),
      import("../../client/drill/node-control.ts"),
    ]);
    const deps = await localDeps((text) => this.note(text));
    return await runDrill(spec, client, deps, nodeControlOf(client.target, deps), options);
  }
}

/** Waits until the drill has put back what it broke; says what became of it. */
async function endEarly(stop: AbortController, drill: Promise<unknown>): Promise<string> {
  stop.abort();
  try {
    await drill;
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "DRILL_STOPPED") throw error;
  }
  return "interrupted; the drill's fault is healed, and every node was started again (check with: fleet status)";
}

function gatesOf(slo: string): readonly Gate[] {
  const parsed = parseSlo(slo);
  if (parsed.ok) return parsed.gates;
  throw new OperatorError("USAGE", {
    what: `--slo: ${parsed.what}`,
    next: "write it as first-write=2s,lost=0",
    exit: Exit.Usage,
  });
}
