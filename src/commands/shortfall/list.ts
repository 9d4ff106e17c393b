// `fleet shortfall list`: demand that shards can't meet, the gravest first.
import type { ListShortfallsResponse, ShardShortfall } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, listFlags, shardFlag } from "../../ui/cli/list-flags.ts";
import type { TableView } from "../../ui/cli/view.ts";
import { unheardLines } from "../../ui/model/limit.ts";
import { shortfallTable } from "../../ui/model/tables/shortfall-table.ts";

const view: TableView<ListShortfallsResponse, ShardShortfall> = {
  kind: "ShortfallList",
  rowKind: "Shortfall",
  table: shortfallTable,
  rows: (reply) => reply.shortfalls,
  lines: unheardLines,
  empty: "no shard reports a shortfall",
};

export default class ShortfallList extends FleetCommand {
  static override summary = "List demand that shards cannot meet, the gravest first";
  static override examples = [
    "<%= config.bin %> shortfall list",
    "<%= config.bin %> shortfall list --shard s1",
  ];
  static override flags = { ...listFlags, ...shardFlag };

  async run(): Promise<ListShortfallsResponse> {
    const { flags } = await this.parse(ShortfallList);
    const options = { filter: { shardId: flags.shard ?? "" }, ...freshness(flags) };
    return await this.read(flags, { view, load: (client) => client.listShortfalls(options) });
  }
}
