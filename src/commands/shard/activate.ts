// `fleet shard activate NAME`: ends a drain, or lets a removed shard register again.
import { Args } from "@oclif/core";
import { indexFlag, mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { activateWrite } from "../../ui/cli/shard-writes.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ShardActivate extends WriteCommand {
  static override summary = "End a shard's drain, or let a removed shard register again";
  static override examples = ["<%= config.bin %> shard activate s1"];
  static override args = { shard: Args.string({ required: true, description: "The shard" }) };
  static override flags = {
    ...mutationFlags,
    "expect-version": indexFlag(1, "Only if the shard's row is at this version now"),
  };

  async run(): Promise<WriteReport> {
    const { args, flags } = await this.parse(ShardActivate);
    return await this.write(flags, activateWrite(args.shard, flags["expect-version"]));
  }
}
