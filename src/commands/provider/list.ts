// `fleet provider list`: who provides machines, and how many.
import type { Listed } from "../../client/all-pages.ts";
import type { Provider } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListProvidersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, limited, limitFlag, listFlags, prefixFlag, regionFlag } from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { limitLines } from "../../ui/model/limit.ts";
import { providerTable } from "../../ui/model/tables/provider-table.ts";

const view: TableView<Listed<ListProvidersResponse>, Provider> = {
  kind: "ProviderList",
  rowKind: "Provider",
  table: providerTable,
  rows: (reply) => reply.providers,
  lines: limitLines,
  empty: "no providers to show; register one with: fleet provider set --help",
};

export default class ProviderList extends FleetCommand {
  static override summary = "List providers of machines and what each declares";
  static override examples = ["<%= config.bin %> provider list"];
  static override flags = { ...listFlags, ...prefixFlag, ...regionFlag, ...limitFlag };

  async run(): Promise<Listed<ListProvidersResponse>> {
    const { flags } = await this.parse(ProviderList);
    const { prefix = "", region = "" } = flags;
    const options = { filter: { prefix, region }, ...limited(flags), ...freshness(flags) };
    return await this.read(flags, { view, load: (client) => client.listProviders(options) });
  }
}
