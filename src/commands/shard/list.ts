// `fleet shard list`: the shards, what is declared to each and what each reports.
import type { ListShardsResponse, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { readFlags } from "../../ui/cli/output-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { shardTable } from "../../ui/model/tables/shard-table.ts";

const view: TableView<ListShardsResponse, ShardView> = {
  kind: "ShardList",
  rowKind: "Shard",
  table: shardTable,
  rows: (reply) => reply.shards,
  empty: "no shards are registered; a shard registers when it starts: fleet serve shard --help",
};

export default class ShardList extends FleetCommand {
  static override summary = "List shards with their sessions and declared clusters";
  static override examples = [
    "<%= config.bin %> shard list",
    "<%= config.bin %> shard list --sort -sessions",
  ];
  static override flags = { ...readFlags };

  async run(): Promise<ListShardsResponse> {
    const { flags } = await this.parse(ShardList);
    return await this.read(flags, { view, load: (client) => client.listShards() });
  }
}
