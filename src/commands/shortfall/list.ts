// `fleet shortfall list`: demand that shards can't meet, the gravest first.
import type { Listed } from "../../client/all-pages.ts";
import type { ListShortfallsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { listFlags, listOptions, shardFlag, shortfallFlags } from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { limitLines, unheardLines } from "../../ui/model/limit.ts";
import { shortfallTable } from "../../ui/model/tables/shortfall-table.ts";

const view = listView(
  "Shortfall",
  { shortfalls: shortfallTable },
  "no shard reports a shortfall",
  (reply: Listed<ListShortfallsResponse>) => [...unheardLines(reply), ...limitLines(reply)],
);

export default class ShortfallList extends FleetCommand {
  static override summary = "List demand that shards cannot meet, the most severe first";
  static override examples = [
    "<%= config.bin %> shortfall list",
    "<%= config.bin %> shortfall list --shard s1 --prefix eu- --limit 20",
  ];
  static override flags = {
    ...listFlags,
    ...shardFlag,
    ...shortfallFlags,
  };

  async run(): Promise<Listed<ListShortfallsResponse>> {
    const { flags } = await this.parse(ShortfallList);
    const { shard: shardId = "", prefix = "" } = flags;
    const options = { filter: { shardId, prefix }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listShortfalls(options) });
  }
}
