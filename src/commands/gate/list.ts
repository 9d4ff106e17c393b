// `fleet gate list`: behaviours that can be switched for the whole fleet, and how each is now.
import type { ListFeatureGatesResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, listFlags } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { gateTable } from "../../ui/model/tables/gate-table.ts";

const view = listView("FeatureGate", { gates: gateTable }, "this version has no feature gates");

export default class GateList extends FleetCommand {
  static override summary = "List feature gates";
  static override examples = ["<%= config.bin %> gate list"];
  static override flags = { ...listFlags };

  async run(): Promise<ListFeatureGatesResponse> {
    const { flags } = await this.parse(GateList);
    return await this.read(flags, { view, load: (client) => client.listFeatureGates(freshness(flags)) });
  }
}
