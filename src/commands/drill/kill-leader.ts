// `fleet drill kill-leader`: rehearses losing the leader of a local fleet, and says whether that went well.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { drillView } from "../../ui/cli/drill-view.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";

export default class DrillKillLeader extends FleetCommand {
  static override summary = "Kill the leader under writes and judge the recovery";
  static override description =
    "SIGKILLs the leader's process of a local fleet, measures the time to a new leader and to the first acknowledged write, restarts the node, waits until it has caught up, reads every write back, and proves by a history of reads and compare-and-sets that what clients were told is linearizable. Asks for the fleet's name; --yes answers it. Refused without a quorum to spare. Exits with 7 when a gate fails.";
  static override examples = [
    "<%= config.bin %> drill kill-leader --slo first-write=2s,lost=0",
    "<%= config.bin %> drill kill-leader --yes --history history.jsonl",
  ];
  static override flags = {
    rate: Flags.integer({ summary: "Writes a second", default: 50, min: 1, max: 2_000 }),
    before: durationFlag({
      summary: "Write this long before the kill",
      default: 2_000,
      defaultHelp: async () => "2s",
    }),
    after: durationFlag({
      summary: "and this long after the recovery",
      default: 2_000,
      defaultHelp: async () => "2s",
    }),
    slo: Flags.string({ summary: "Gates: first-write=2s,election=1s,catch-up=10s,lost=0,…", default: "" }),
    report: Flags.string({ summary: "File for the JSON report (default: fleet-drill-<time>.json here)" }),
    history: Flags.string({ summary: "File for what clients asked and were told, one JSON document a line" }),
    yes: Flags.boolean({ summary: "Do not ask for the fleet's name" }),
  };

  async run(): Promise<DrillReport> {
    const { flags } = await this.parse(DrillKillLeader);
    const gates = gatesOf(flags.slo);
    const [{ drillKillLeader }, { assertWritable, writeHistory, writeReport }] = await Promise.all([
      import("../../client/drill/kill-leader.ts"),
      import("../../client/drill/report-file.ts"),
    ]);
    const file = flags.report ?? `fleet-drill-${new Date().toISOString().replace(/[:.]/g, "-")}.json`;
    for (const path of [file, flags.history]) if (path !== undefined) await assertWritable(path);
    const client = await this.client(flags);
    const { name } = client.target;
    await this.confirm(name, `kill the leader of fleet ${name}`, flags.yes);
    await allowChange(client.target, this.words);
    const stop = new AbortController();
    const drill = drillKillLeader(client, await localDeps((text) => this.note(text)), {
      rate: flags.rate,
      beforeMs: flags.before,
      afterMs: flags.after,
      gates,
      onEvent: (event) => {
        if (event.kind !== "acknowledged")
          this.note(`  ${event.kind}${"node" in event ? ` ${event.node}` : ""}`);
      },
      signal: stop.signal,
    });
    this.onInterrupt(() => endEarly(stop, drill));
    const result = await drill;
    const { report } = result;
    // Shown first: what was measured must not be lost with a disk that filled up meanwhile.
    await this.printText(report, drillView);
    await writeReport(file, report);
    this.note(`report: ${file}`);
    if (flags.history !== undefined) await writeHistory(flags.history, result);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
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
  return "interrupted; every node has been started again (to be sure: fleet status)";
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
