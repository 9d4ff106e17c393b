// `fleet shard list`: the shards, what is declared to each and what each reports.
import { Flags } from "@oclif/core";
import type { Listed } from "../../client/all-pages.ts";
import type { ListShardsResponse } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { FleetCommand } from "../../ui/cli/fleet-command.ts";
import {
  limitFlag,
  listFlags,
  listOptions,
  prefixFlag,
  regionFlag,
  selectorFlag,
} from "../../ui/cli/list-flags.ts";
import { listView } from "../../ui/cli/list-view.ts";
import { shardTable } from "../../ui/model/tables/shard-table.ts";
import { shardStateNamed, shardStateNames } from "../../ui/model/words.ts";

const view = listView(
  "Shard",
  { shards: shardTable },
  "no shards to show; a shard registers when it starts: fleet serve shard --help",
);

export default class ShardList extends FleetCommand {
  static override summary = "List shards: state, liveness, and what each has";
  static override examples = [
    "<%= config.bin %> shard list",
    "<%= config.bin %> shard list --sort=-sessions",
    "<%= config.bin %> shard list --state draining",
    "<%= config.bin %> shard list -l zone=eu-1a,!legacy",
  ];
  static override flags = {
    ...listFlags,
    state: Flags.option({
      options: shardStateNames,
      summary: "Only those in this state",
      helpGroup: "WHICH ROWS",
    })(),
    ...regionFlag,
    ...prefixFlag,
    ...selectorFlag,
    ...limitFlag,
  };

  async run(): Promise<Listed<ListShardsResponse>> {
    const { flags } = await this.parse(ShardList);
    const { state, region = "", prefix = "", selector: labelSelector = "" } = flags;
    const shardState = state === undefined ? {} : { shardState: shardStateNamed(state) };
    const options = { filter: { region, prefix, labelSelector, ...shardState }, ...listOptions(flags) };
    return await this.read(flags, { view, load: (client) => client.listShards(options) });
  }
}
