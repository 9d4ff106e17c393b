// `fleet rebind`: moves one cluster to another shard, from checking to settling. The same command continues an interrupted move.
import { Args, Flags } from "@oclif/core";
import { objectsOf } from "../../ui/cli/object-argument.ts";
import { executorFlags, type PlanReport, RebindCommand, runFlags } from "../../ui/cli/rebind-command.ts";

export default class Rebind extends RebindCommand {
  static override summary = "Move clusters to another shard";
  static override description =
    "Declares the new owner, and restarts the agent with its address. Waits until the new shard serves the cluster and the old one has released it, then settles. If it was interrupted, the same command finishes it. It needs a running agent: unbind a cluster without one (fleet cluster unbind), and bind it elsewhere if it is to return.";
  static override examples = [
    "<%= config.bin %> rebind c1 --to s2",
    "<%= config.bin %> rebind c1 --to s2 --command 'helm upgrade agent-{cluster} ./agent --set shardAddress={address}'",
  ];
  static override strict = false;
  static override args = {
    cluster: Args.string({ description: "A cluster; may be given several times" }),
  };
  static override flags = {
    ...runFlags,
    ...executorFlags,
    cluster: Flags.string({ hidden: true, multiple: true }),
    to: Flags.string({ required: true, summary: "The shard that will own it" }),
  };

  async run(): Promise<PlanReport> {
    const { argv, flags } = await this.parse(Rebind);
    const { makePlan } = await import("../../client/rebind/make-plan.ts");
    const clusters = objectsOf(argv, flags.cluster ?? [], "CLUSTER");
    const { onUnserved } = this;
    const request = { clusters, to: flags.to, executor: this.executor(flags), onUnserved };
    return await this.runPlan(await makePlan(await this.client(flags), request, this.hearing(flags)), flags);
  }
}
