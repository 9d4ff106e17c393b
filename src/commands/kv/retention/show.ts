// `fleet kv retention show`: how much history of the keys each node has, and the rule.
import type { FleetStatus } from "../../../client/fleet-status.ts";
import { exactDuration } from "../../../core/base/duration.ts";
import { FleetCommand } from "../../../ui/cli/fleet-command.ts";
import { readFlags } from "../../../ui/cli/output-flags.ts";
import type { TextView } from "../../../ui/cli/view.ts";
import { type RetentionReport, retentionLines, retentionReport } from "../../../ui/model/retention-report.ts";

const view: TextView<RetentionReport> = {
  kind: "KeyRetention",
  text: (report, { paint }) =>
    retentionLines(report, exactDuration).map(({ text, mark }) =>
      mark === null ? text : paint.mark(mark, text),
    ),
};

export default class KvRetentionShow extends FleetCommand {
  static override summary = "Show how much history of the keys is kept";
  static override examples = [
    "<%= config.bin %> kv retention show",
    "<%= config.bin %> kv retention show -o json",
  ];
  static override flags = readFlags;

  async run(): Promise<RetentionReport> {
    const { flags } = await this.parse(KvRetentionShow);
    const load = async (client: { status(): Promise<FleetStatus> }) => retentionReport(await client.status());
    return await this.read(flags, { view, load });
  }
}
