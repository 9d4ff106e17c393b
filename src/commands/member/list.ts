// `fleet member list`: which nodes take part, as what, how far each has followed, and which of them an upgrade waits for.

import type { FleetReads } from "../../client/fleet-reads.ts";
import { type FleetVersion, versionOfMembers } from "../../client/fleet-version.ts";
import type { ListMembersResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { EtcdMembers } from "../../ui/cli/etcd-members.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, listFlags } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { versionLines } from "../../ui/model/fleet-verdict.ts";
import { memberTable } from "../../ui/model/tables/member-table.ts";

/** `versions`: as in the status. */
interface MemberVersions extends ListMembersResponse {
  readonly versions: FleetVersion;
}

const view = listView(
  "Member",
  { members: memberTable },
  "the fleet has no members",
  (list: MemberVersions) => [
    { mark: "good", text: `configuration index ${list.configurationIndex}` },
    ...versionLines(list),
  ],
);

export default class MemberList extends FleetCommand {
  static override summary = "List the members and their roles";
  static override description =
    "WANTED is the role in the members' table, ROLE the role in the current Raft configuration. The last line has the cluster version, and which members keep it from rising.";
  static override examples = ["<%= config.bin %> member list", "<%= config.bin %> member list -w"];
  static override flags = { ...listFlags };

  async run(): Promise<MemberVersions | EtcdMembers> {
    const { flags } = await this.parse(MemberList);
    const onEtcd = await this.readOnEtcd(flags, async () => {
      const { etcdMembersReading } = await import("../../ui/cli/etcd-members.ts");
      return etcdMembersReading;
    });
    if (onEtcd !== null) return onEtcd;
    const load = async (client: FleetReads): Promise<MemberVersions> => {
      const list = await client.listMembers(freshness(flags));
      return { ...list, versions: versionOfMembers(list) };
    };
    return await this.read(flags, { view, load });
  }
}
