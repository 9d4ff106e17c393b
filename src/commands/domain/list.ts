// `fleet domain list`: which shard each topology domain is assigned to.
import type { Domain } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ListDomainsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { domainTable } from "../../ui/model/tables/domain-table.ts";

const view: TableView<ListDomainsResponse, Domain> = {
  kind: "DomainList",
  rowKind: "Domain",
  table: domainTable,
  rows: (reply) => reply.domains,
  empty: "no topology domains are assigned; assign one with: fleet domain assign --help",
};

export default class DomainList extends FleetCommand {
  static override summary = "List topology domains and the shard that each is assigned to";
  static override examples = ["<%= config.bin %> domain list"];
  static override flags = { ...readFlags };

  async run(): Promise<ListDomainsResponse> {
    const { flags } = await this.parse(DomainList);
    return await this.read(flags, { view, load: (client) => client.listDomains() });
  }
}
