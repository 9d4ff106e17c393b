// `fleet role list`: what operators may do, and who has which role.
import type { Listed } from "../../client/all-pages.ts";
import type { ListRolesResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { limitFlag, listFlags, listOptions, prefixFlag } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { roleTable } from "../../ui/model/tables/role-table.ts";

const view = listView(
  "Role",
  { roles: roleTable },
  "no roles to show; make one with: fleet role create --help",
);

export default class RoleList extends FleetCommand {
  static override summary = "List roles, their rules and their operators";
  static override examples = ["<%= config.bin %> role list", "<%= config.bin %> role list --prefix team-a"];
  static override flags = { ...listFlags, ...prefixFlag, ...limitFlag };

  async run(): Promise<Listed<ListRolesResponse>> {
    const { flags } = await this.parse(RoleList);
    const options = { filter: { prefix: flags.prefix ?? "" }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listRoles(options) });
  }
}
