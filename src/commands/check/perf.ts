// `fleet check perf`: the rates and latencies that this fleet has on this hardware, and whether they are enough.
import { Flags } from "@oclif/core";
import { formatDuration } from "../../core/base/duration.ts";
import { Exit } from "../../core/base/errors.ts";
import type { PerfReport } from "../../core/drill/perf.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { durationFlag, measuringFlag } from "../../ui/cli/fleet-flags.ts";
import { PHASE_WORDS, perfView, rowsLeftText } from "../../ui/cli/perf-view.ts";

export default class CheckPerf extends FleetCommand {
  static override summary = "Measure a fleet's writes, reads and disks, and judge them";
  static override description =
    "One client writes, then many write, then many read, each as fast as it gets answers. This uses nearly all of the leader's capacity and slows other clients, so the command asks for the fleet's name. It writes at most 1000 probe rows, as drills do. The audit log does not show them, and the command removes them at the end. Exits with 7 if writes are too few (--min-rate) or too slow (--max-latency), and after any error or election. Also exits with 7 if it cannot remove the rows; the next run removes them.";
  static override examples = [
    "<%= config.bin %> check perf",
    "<%= config.bin %> check perf --duration 30s --clients 256 --min-rate 1000 --max-latency 100ms --yes -o json",
  ];
  static override flags = {
    clients: Flags.integer({
      min: 1,
      max: 1_000,
      default: 64,
      summary: "Number of concurrent clients",
    }),
    duration: measuringFlag("10s", "10m", "How long to measure, all phases together"),
    "min-rate": Flags.integer({
      min: 0,
      max: 1_000_000,
      default: 200,
      summary: "Fail below this many writes a second",
    }),
    "max-latency": durationFlag({
      summary: "Fail if the 99th percentile of the writes' latency is above this",
      default: 250,
      defaultHelp: async () => "250ms",
    }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<PerfReport> {
    const { flags } = await this.parse(CheckPerf);
    const client = await this.client(flags);
    const { name } = client.target;
    await this.confirm(name, `load fleet ${name} for ${formatDuration(flags.duration)}`, flags.yes);
    await allowChange(client.target, this.words);
    const { runPerf } = await import("../../client/perf/run-perf.ts");
    const stop = new AbortController();
    const measuring = runPerf(client, {
      ...{ clients: flags.clients, durationMs: flags.duration, signal: stop.signal },
      limits: { rateMin: flags["min-rate"], p99MaxMs: flags["max-latency"] },
      now: () => performance.now(),
      onPhase: (phase, clients, ms) =>
        this.note(`  ${PHASE_WORDS[phase]}: ${clients} at once, for ${formatDuration(ms)}`),
    });
    this.onInterrupt(async () => {
      stop.abort();
      const { rowsLeft } = await measuring;
      return `interrupted; ${rowsLeft === null ? "its rows were removed" : rowsLeftText(rowsLeft)}`;
    });
    const report = await measuring;
    await this.printText(report, perfView);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
  }
}
