// `fleet role list`: what operators may do, and who has which role.
import type { Listed } from "../../client/all-pages.ts";
import type { ListRolesResponse, RoleView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, limited, limitFlag, listFlags, prefixFlag } from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { limitLines } from "../../ui/model/limit.ts";
import { roleTable } from "../../ui/model/tables/role-table.ts";

const view: TableView<Listed<ListRolesResponse>, RoleView> = {
  kind: "RoleList",
  rowKind: "Role",
  table: roleTable,
  rows: (reply) => reply.roles,
  lines: limitLines,
  empty: "no roles to show; make one with: fleet role create --help",
};

export default class RoleList extends FleetCommand {
  static override summary = "List roles, their rules and their operators";
  static override examples = ["<%= config.bin %> role list", "<%= config.bin %> role list --prefix team-a"];
  static override flags = { ...listFlags, ...prefixFlag, ...limitFlag };

  async run(): Promise<Listed<ListRolesResponse>> {
    const { flags } = await this.parse(RoleList);
    const options = { filter: { prefix: flags.prefix ?? "" }, ...limited(flags), ...freshness(flags) };
    return await this.read(flags, { view, load: (client) => client.listRoles(options) });
  }
}
