// `fleet drill kill-leader`: rehearses losing the leader of a local fleet, and says whether that went well.
import { Flags } from "@oclif/core";
import type { DrillResult, KillLeaderOptions } from "../../client/drill/kill-leader.ts";
import type { FleetClient } from "../../client/fleet-client.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import { type SeriesReport, seriesOf } from "../../core/drill/series.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { drillView, seriesView } from "../../ui/cli/drill-view.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";

interface ResultFiles {
  readonly file: string;
  /** One for each run; none when they are not wanted. */
  readonly histories: readonly string[];
}

export default class DrillKillLeader extends FleetCommand {
  static override summary = "Kill the leader under writes and judge the recovery";
  static override description =
    "Kills the leader's process of a local fleet (SIGKILL), and measures the time to a new leader and to the first acknowledged write. Then it restarts the node, waits until it has caught up, and reads every write back. A history of reads and compare-and-sets proves that the clients' answers are linearizable. Asks for the fleet's name; --yes skips the question. Refused if the others would not be a quorum. Exits with 7 if a gate fails. With --runs it asks once, continues after a failed gate, and shows the median and the worst of each measurement.";
  static override examples = [
    "<%= config.bin %> drill kill-leader --slo first-write=2s,lost=0",
    "<%= config.bin %> drill kill-leader --yes --history history.jsonl",
    "<%= config.bin %> drill kill-leader --yes --runs 50 --slo first-write=2s",
  ];
  static override flags = {
    rate: Flags.integer({ summary: "Writes a second", default: 50, min: 1, max: 2_000 }),
    before: durationFlag({
      summary: "Time of writes before the kill",
      default: 2_000,
      defaultHelp: async () => "2s",
    }),
    after: durationFlag({
      summary: "Time of writes after the recovery",
      default: 2_000,
      defaultHelp: async () => "2s",
    }),
    runs: Flags.integer({
      summary: "Number of runs, one after the other; the worst one decides the verdict",
      default: 1,
      min: 1,
      max: 1_000,
    }),
    slo: Flags.string({ summary: "Gates: first-write=2s,election=1s,catch-up=10s,lost=0,…", default: "" }),
    report: Flags.string({ summary: "File for the JSON report (default: fleet-drill-<time>.json here)" }),
    history: Flags.string({
      summary:
        "File for the clients' history, one JSON document a line; several runs write FILE-1, FILE-2, …",
    }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<DrillReport | SeriesReport> {
    const { flags } = await this.parse(DrillKillLeader);
    const { runs } = flags;
    const gates = gatesOf(flags.slo);
    const { assertWritable, historyFiles } = await import("../../client/drill/report-file.ts");
    const file = flags.report ?? `fleet-drill-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
    const histories = flags.history === undefined ? [] : historyFiles(flags.history, runs);
    for (const path of [file, ...histories]) await assertWritable(path);
    const client = await this.client(flags);
    const { name } = client.target;
    const times = runs === 1 ? "" : ` ${runs} times`;
    await this.confirm(name, `kill the leader of fleet ${name}${times}`, flags.yes);
    await allowChange(client.target, this.words);
    const stop = new AbortController();
    const options: KillLeaderOptions = {
      rate: flags.rate,
      beforeMs: flags.before,
      afterMs: flags.after,
      gates,
      onEvent: (event) => {
        if (event.kind !== "acknowledged")
          this.note(`  ${event.kind}${"node" in event ? ` ${event.node}` : ""}`);
      },
      signal: stop.signal,
    };
    const files = { file, histories };
    const drill = runs === 1 ? this.#once(client, options, files) : this.#often(client, options, files, runs);
    this.onInterrupt(() => endEarly(stop, drill));
    return await drill;
  }

  async #once(client: FleetClient, options: KillLeaderOptions, files: ResultFiles): Promise<DrillReport> {
    const { writeHistory, writeReport } = await import("../../client/drill/report-file.ts");
    const result = await this.#drill(client, options);
    const { report } = result;
    // Shown first: what was measured must not be lost with a disk that filled up meanwhile.
    await this.printText(report, drillView);
    await writeReport(files.file, report);
    this.note(`report: ${files.file}`);
    for (const path of files.histories) await writeHistory(path, result);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
  }

  async #often(
    client: FleetClient,
    options: KillLeaderOptions,
    { file, histories }: ResultFiles,
    wanted: number,
  ): Promise<SeriesReport> {
    const [{ writeHistory, writeReport }, { repeatDrill }] = await Promise.all([
      import("../../client/drill/report-file.ts"),
      import("../../client/drill/repeat.ts"),
    ]);
    const { runs, failure } = await repeatDrill(wanted, async (run) => {
      this.note(`run ${run} of ${wanted}`);
      const result = await this.#drill(client, options);
      const path = histories[run - 1];
      if (path !== undefined) await writeHistory(path, result);
      return result.report;
    });
    const series = seriesOf(runs, wanted, options.gates);
    // What ended it early is this command's answer then.
    if (failure === null) await this.printText(series, seriesView);
    await writeReport(file, series);
    this.note(`report of ${runs.length} of ${wanted} runs: ${file}`);
    if (failure !== null) throw failure.cause;
    this.exitWith(series.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return series;
  }

  async #drill(client: FleetClient, options: KillLeaderOptions): Promise<DrillResult> {
    const { drillKillLeader } = await import("../../client/drill/kill-leader.ts");
    return await drillKillLeader(client, await localDeps((text) => this.note(text)), options);
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
  return "interrupted; every node was restarted (check: fleet status)";
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
