// `fleet domain list`: which shard each topology domain is assigned to.
import type { Listed } from "../../client/all-pages.ts";
import type { ListDomainsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import {
  domainKeyFlag,
  limitFlag,
  listFlags,
  listOptions,
  prefixFlag,
  shardFlag,
} from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { domainTable } from "../../ui/model/tables/domain-table.ts";

const view = listView(
  "Domain",
  { domains: domainTable },
  "no topology domains to show; assign one with: fleet domain assign --help",
);

export default class DomainList extends FleetCommand {
  static override summary = "List topology domains, their shards, and whether each shard has accepted";
  static override examples = [
    "<%= config.bin %> domain list",
    "<%= config.bin %> domain list --shard s1 --limit 20",
  ];
  static override flags = { ...listFlags, ...shardFlag, ...domainKeyFlag, ...prefixFlag, ...limitFlag };

  async run(): Promise<Listed<ListDomainsResponse>> {
    const { flags } = await this.parse(DomainList);
    const { shard: shardId = "", "domain-key": key = "", prefix = "" } = flags;
    const options = { filter: { shardId, key, prefix }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listDomains(options) });
  }
}
