// `fleet cluster label NAME KEY=VALUE… KEY-…`: sets and removes labels, by which clusters are selected.
import { mutationFlags } from "../../ui/cli/fleet-flags.ts";
import { labelArgs, labelWrite, overwriteFlag } from "../../ui/cli/label-change.ts";
import { WriteCommand, type WriteReport } from "../../ui/cli/write-command.ts";

export default class ClusterLabel extends WriteCommand {
  static override summary = "Set and remove labels of a cluster";
  static override description =
    "Labels select clusters in lists and plans (-l team=a), and have no other effect. They stay when the cluster moves, and are removed with its binding. A cluster has at most 32 labels, 1 024 bytes in total.";
  static override examples = [
    "<%= config.bin %> cluster label c1 team=a tier=web",
    "<%= config.bin %> cluster label c1 tier-",
    "<%= config.bin %> cluster list -l team=a -o wide",
  ];
  static override strict = false;
  static override args = labelArgs("cluster");
  static override flags = { ...mutationFlags, ...overwriteFlag };

  async run(): Promise<WriteReport> {
    const { argv, flags } = await this.parse(ClusterLabel);
    return await this.write(flags, labelWrite("cluster", argv, flags.overwrite));
  }
}
