// `fleet quota list`: how many machines of each provider and region each shard may use.
import type { Listed } from "../../client/all-pages.ts";
import type { ListQuotasResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import {
  limitFlag,
  listFlags,
  listOptions,
  providerFlag,
  regionFlag,
  shardFlag,
} from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { quotaTable } from "../../ui/model/tables/quota-table.ts";

const view = listView(
  "Quota",
  { quotas: quotaTable },
  "no quotas to show; set one with: fleet quota set --help",
);

export default class QuotaList extends FleetCommand {
  static override summary = "List quotas and their slices";
  static override examples = ["<%= config.bin %> quota list", "<%= config.bin %> quota list --provider aws"];
  static override flags = { ...listFlags, ...providerFlag, ...regionFlag, ...shardFlag, ...limitFlag };

  async run(): Promise<Listed<ListQuotasResponse>> {
    const { flags } = await this.parse(QuotaList);
    const { provider = "", region = "", shard: shardId = "" } = flags;
    const options = { filter: { provider, region, shardId }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listQuotas(options) });
  }
}
