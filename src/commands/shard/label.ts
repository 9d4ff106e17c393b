// `fleet shard label NAME KEY=VALUE… KEY-…`: sets and removes labels, by which shards are selected.
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { labelArgs, labelWrite, overwriteFlag } from "../../ui/cli/label-change.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ShardLabel extends WriteCommand {
  static override summary = "Set and remove labels of a shard";
  static override description =
    "Labels select shards in lists and plans (-l team=a), and have no other effect. They stay while the shard is in the fleet. A shard has at most 32 labels, 1 024 bytes in total.";
  static override examples = [
    "<%= config.bin %> shard label s1 team=a tier=web",
    "<%= config.bin %> shard label s1 tier-",
    "<%= config.bin %> shard list -l team=a -o wide",
  ];
  static override strict = false;
  static override args = labelArgs("shard");
  static override flags = { ...mutationFlags, ...overwriteFlag };

  async run(): Promise<WriteReport> {
    const { argv, flags } = await this.parse(ShardLabel);
    return await this.write(flags, labelWrite("shard", argv, flags.overwrite));
  }
}
