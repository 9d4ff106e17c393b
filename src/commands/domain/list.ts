// `fleet domain list`: which shard each topology domain is assigned to.
import type { Listed } from "../../client/all-pages.ts";
import type { Domain } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListDomainsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import {
  domainKeyFlag,
  freshness,
  limited,
  limitFlag,
  listFlags,
  prefixFlag,
  shardFlag,
} from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { limitLines } from "../../ui/model/limit.ts";
import { domainTable } from "../../ui/model/tables/domain-table.ts";

const view: TableView<Listed<ListDomainsResponse>, Domain> = {
  kind: "DomainList",
  rowKind: "Domain",
  table: domainTable,
  rows: (reply) => reply.domains,
  lines: limitLines,
  empty: "no topology domains to show; assign one with: fleet domain assign --help",
};

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
    const options = { filter: { shardId, key, prefix }, ...limited(flags), ...freshness(flags) };
    return await this.read(flags, { view, load: (client) => client.listDomains(options) });
  }
}
