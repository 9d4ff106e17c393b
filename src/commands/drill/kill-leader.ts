// `fleet drill kill-leader`: the drill of that name, under its oldest spelling.
import { DRILLS } from "../../core/drill/catalog.ts";
import { drillNamed } from "../../core/drill/drill-spec.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import type { SeriesReport } from "../../core/drill/series.ts";
import { DrillCommand, drillFlags } from "../../ui/cli/drill-command.ts";

export default class DrillKillLeader extends DrillCommand {
  static override summary = "Kill the leader under writes and judge the recovery";
  static override description =
    "The same as fleet drill run kill-leader: kills the leader's process (SIGKILL) and measures the recovery by stages. Then it restarts the node, waits until it has caught up, and reads every write back. A history of reads and compare-and-sets proves that the clients' answers are linearizable. Asks for the fleet's name; --yes skips the question. Refused if the others would not be a quorum. Exits with 7 if a gate fails. With --runs it asks once, continues after a failed gate, and shows the median and the worst of each measurement.";
  static override examples = [
    "<%= config.bin %> drill kill-leader --slo first-write=2s,lost=0",
    "<%= config.bin %> drill kill-leader --yes --history history.jsonl",
    "<%= config.bin %> drill kill-leader --yes --runs 50 --slo first-write=2s",
  ];
  static override flags = drillFlags;

  async run(): Promise<DrillReport | SeriesReport> {
    const { flags } = await this.parse(DrillKillLeader);
    return await this.runSpec(drillNamed("kill-leader", DRILLS), flags);
  }
}
