// `fleet drill list`: the drills, and which of them are possible with this fleet.
import { DRILLS } from "../../core/drill/catalog.ts";
import type { DrillList } from "../../ui/cli/drill-list-view.ts";
import { drillListView } from "../../ui/cli/drill-list-view.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { localDeps } from "../../ui/cli/local-deps.ts";
import { tableFlags } from "../../ui/cli/output-flags.ts";

export default class DrillListCommand extends FleetCommand {
  static override summary = "List the drills, and which are possible with this fleet now";
  static override description =
    "A local fleet can be broken in every way. Elsewhere, faults inside a coordinator need its --allow-faults, and drills of processes need the context's hooks kill and start. Hooks get the node's name in FLEET_HOOK_NODE.";
  static override examples = ["<%= config.bin %> drill list", "<%= config.bin %> drill list -o wide"];
  static override flags = tableFlags;

  async run(): Promise<DrillList> {
    const { flags } = await this.parse(DrillListCommand);
    const client = await this.client(flags);
    const [{ possibilities }, { nodeControlOf }, { whyNotNow }] = await Promise.all([
      import("../../client/drill/possibilities.ts"),
      import("../../client/drill/node-control.ts"),
      import("../../client/drill/preflight.ts"),
    ]);
    const control = nodeControlOf(client.target, await localDeps((text) => this.note(text)));
    const status = await client.status();
    const { can } = await possibilities(client, control, status);
    const drills = DRILLS.map((spec) => {
      const { name, summary, victims, expects } = spec;
      return { name, summary, victims, expects, whyNot: whyNotNow(spec, can, status) };
    });
    const list = { drills };
    await this.print(list, drillListView);
    return list;
  }
}
