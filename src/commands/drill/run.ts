// `fleet drill run`: breaks the fleet in the way that a drill's name says, and judges the recovery.
import { Args } from "@oclif/core";
import { DRILLS } from "../../core/drill/catalog.ts";
import { drillNamed } from "../../core/drill/drill-spec.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import type { SeriesReport } from "../../core/drill/series.ts";
import { DrillCommand, drillFlags } from "../../ui/cli/drill-command.ts";

export default class DrillRunCommand extends DrillCommand {
  static override summary = "Run a drill: break the fleet on purpose, and judge the recovery";
  static override description =
    "Checks first that the fleet is healthy enough for the fault, and that no other drill runs. Clients " +
    "write, read and compare-and-set all the time. The fault is made, observed and healed; then every write " +
    "is read back. Exits with 7 if a gate fails. Ctrl-C, SIGTERM and a closed terminal heal the fault first. " +
    "After a kill -9, the next command on this host heals it, or fleet drill heal does. fleet drill list shows the drills.";
  static override examples = [
    "<%= config.bin %> drill run partition",
    "<%= config.bin %> drill run slow-disk --yes --slo first-write=2s",
    "<%= config.bin %> drill run kill-follower --yes --runs 20",
  ];
  static override args = {
    name: Args.string({ required: true, description: "The drill, as fleet drill list names it" }),
  };
  static override flags = drillFlags;

  async run(): Promise<DrillReport | SeriesReport> {
    const { args, flags } = await this.parse(DrillRunCommand);
    return await this.runSpec(drillNamed(args.name, DRILLS), flags);
  }
}
