// `fleet member list`: which nodes take part, as what, and how far each has followed.
import type { ListMembersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { EtcdMembers } from "../../ui/cli/etcd-members.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, listFlags } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { memberTable } from "../../ui/model/tables/member-table.ts";

const view = listView(
  "Member",
  { members: memberTable },
  "the fleet has no members",
  (reply: ListMembersResponse) => [{ mark: "good", text: `configuration index ${reply.configurationIndex}` }],
);

export default class MemberList extends FleetCommand {
  static override summary = "List the members and their roles";
  static override description =
    "WANTED is the role in the members' table, ROLE the role in the current Raft configuration.";
  static override examples = ["<%= config.bin %> member list", "<%= config.bin %> member list -w"];
  static override flags = { ...listFlags };

  async run(): Promise<ListMembersResponse | EtcdMembers> {
    const { flags } = await this.parse(MemberList);
    const onEtcd = await this.readOnEtcd(flags, async () => {
      const { etcdMembersReading } = await import("../../ui/cli/etcd-members.ts");
      return etcdMembersReading;
    });
    if (onEtcd !== null) return onEtcd;
    return await this.read(flags, { view, load: (client) => client.listMembers(freshness(flags)) });
  }
}
