// `fleet shard show NAME`: one shard, and what it has: all that remains of a drain.
import { Args } from "@oclif/core";
import type { FleetReads } from "../../client/fleet-reads.ts";
import type { ShardHoldings } from "../../client/shard-holdings.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import { freshness, freshnessFlags } from "../../ui/cli/list-flags.ts";
import { liveFlags } from "../../ui/cli/output-flags.ts";
import type { TextView } from "../../ui/cli/view.ts";
import { shardLines } from "../../ui/model/shard-lines.ts";

const view: TextView<ShardHoldings> = {
  kind: "ShardHoldings",
  name: ({ shard }) => shard.shard?.shardId ?? "",
  text: (holdings, { paint, symbols }) =>
    shardLines(holdings).map(({ mark, text }) => paint.mark(mark, `${symbols.marks[mark]} ${text}`)),
};

export default class ShardShow extends FleetCommand {
  static override summary = "Show a shard: its clusters, domains, quota slices, and unaccepted instructions";
  static override description =
    "After a drain, this is what remains, including reported clusters that are not declared to it; -o json lists all of them.";
  static override examples = ["<%= config.bin %> shard show s1", "<%= config.bin %> shard show s1 -w"];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = { ...liveFlags, ...freshnessFlags };

  async run(): Promise<ShardHoldings> {
    const { args, flags } = await this.parse(ShardShow);
    const load = async (client: FleetReads) => {
      const { holdingsOf } = await import("../../client/shard-holdings.ts");
      return await holdingsOf(client, args.shard, freshness(flags));
    };
    return await this.read(flags, { view, load });
  }
}
