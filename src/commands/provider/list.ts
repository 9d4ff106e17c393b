// `fleet provider list`: who provides machines, and how many.
import type { Listed } from "../../client/all-pages.ts";
import type { ListProvidersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { limitFlag, listFlags, listOptions, prefixFlag, regionFlag } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { providerTable } from "../../ui/model/tables/provider-table.ts";

const view = listView(
  "Provider",
  { providers: providerTable },
  "no providers to show; register one with: fleet provider set --help",
);

export default class ProviderList extends FleetCommand {
  static override summary = "List providers of machines and what each declares";
  static override examples = ["<%= config.bin %> provider list"];
  static override flags = { ...listFlags, ...prefixFlag, ...regionFlag, ...limitFlag };

  async run(): Promise<Listed<ListProvidersResponse>> {
    const { flags } = await this.parse(ProviderList);
    const { prefix = "", region = "" } = flags;
    const options = { filter: { prefix, region }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listProviders(options) });
  }
}
