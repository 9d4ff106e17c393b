// `fleet drill heal`: takes back what a drill did that was killed before its end.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { allowChange } from "../../ui/cli/allow-change.ts";
import { type HealReport, healView } from "../../ui/cli/drill-list-view.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";

export default class DrillHeal extends FleetCommand {
  static override summary = "Undo what an interrupted drill has done";
  static override description =
    "Reads the journals in .fleet/drills/ of drills whose process is gone. Starts and resumes what they killed and paused, and clears their faults, rows and lock. While a drill still runs, nothing is healed: neither that drill nor an interrupted one. This host cannot tell whether another host's drill still runs: --other-hosts heals it too. --unlock removes the lock of a drill that was interrupted on another machine; its faults end by themselves.";
  static override examples = ["<%= config.bin %> drill heal", "<%= config.bin %> drill heal --unlock"];
  static override flags = {
    "other-hosts": Flags.boolean({ summary: "Heal drills of other hosts too; be sure that they do not run" }),
    unlock: Flags.boolean({ summary: "Remove the lock of drills, also if a drill elsewhere has it" }),
  };

  async run(): Promise<HealReport> {
    const { flags } = await this.parse(DrillHeal);
    const client = await this.client(flags);
    await allowChange(client.target, this.words);
    const [{ healAll }, { nodeControlOf }, { freeLocks }] = await Promise.all([
      import("../../client/drill/heal.ts"),
      import("../../client/drill/node-control.ts"),
      import("../../client/drill/drill-lock.ts"),
    ]);
    const deps = await localDeps((text) => this.note(text));
    const control = nodeControlOf(client.target, deps);
    const options = { cwd: process.cwd(), otherHosts: flags["other-hosts"] };
    const report = await healAll({ client, control, deps }, options);
    if (flags.unlock && report.running.length === 0) await freeLocks(client);
    await this.printText(report, healView);
    if (report.left.length > 0) {
      throw new OperatorError("DRILL_NOT_HEALED", {
        what: `not taken back: ${report.left.map(({ what }) => what).join("; ")}`,
        why: report.left[0]?.why ?? "",
        next: "see what is up: fleet status; then try again: fleet drill heal",
        exit: Exit.Failure,
      });
    }
    return report;
  }
}
