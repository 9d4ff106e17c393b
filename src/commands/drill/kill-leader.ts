// `fleet drill kill-leader`: rehearses losing the leader of a local fleet, and says whether that went well.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { drillView } from "../../ui/cli/drill-view.ts";
import { durationFlag } from "../../ui/cli/fleet-flags.ts";
import { LocalCommand, localFlags } from "../../ui/cli/local-command.ts";

export default class DrillKillLeader extends LocalCommand {
  static override summary = "Kill the leader under writes and judge the recovery";
  static override description =
    "SIGKILLs the leader's process of a local fleet, measures the time to a new leader and to the first acknowledged write, restarts the node, waits until it has caught up, and reads every write back. Refused without a quorum to spare. Exits with 7 when a gate fails.";
  static override examples = ["<%= config.bin %> drill kill-leader --slo first-write=2s,lost=0"];
  static override flags = {
    ...localFlags,
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
  };

  async run(): Promise<DrillReport> {
    const { flags } = await this.parse(DrillKillLeader);
    const gates = gatesOf(flags.slo);
    const [{ drillKillLeader }, { writeReport }] = await Promise.all([
      import("../../client/drill/kill-leader.ts"),
      import("../../client/drill/report-file.ts"),
    ]);
    const client = await this.client(flags);
    this.onInterrupt(() => "interrupted; a killed node is started again by: fleet up");
    const report = await drillKillLeader(client, await this.deps(), {
      rate: flags.rate,
      beforeMs: flags.before,
      afterMs: flags.after,
      gates,
      onEvent: (event) => {
        if (event.kind !== "acknowledged")
          this.note(`  ${event.kind}${"node" in event ? ` ${event.node}` : ""}`);
      },
    });
    const file = flags.report ?? `fleet-drill-${report.startedAt.replace(/[:.]/g, "-")}.json`;
    await writeReport(file, report);
    await this.printText(report, drillView);
    this.note(`report: ${file}`);
    this.exitWith(report.verdict === "pass" ? Exit.Ok : Exit.GateFailed);
    return report;
  }
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
