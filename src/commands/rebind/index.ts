// `fleet rebind`: moves one cluster to another shard, from checking to settling; run again, it goes on.
import { Flags } from "@oclif/core";
import { executorFlags, type PlanReport, RebindCommand, runFlags } from "../../ui/cli/rebind-command.ts";

export default class Rebind extends RebindCommand {
  static override summary = "Move a cluster to another shard";
  static override description =
    "Declares the new owner, has the agent restarted with its address, waits until it serves the cluster and the old one has let go, and settles. Stopped half-way, the same command finishes it. It needs the agent: a cluster that has none any more is unbound (fleet cluster unbind) and, if it is to come back, bound elsewhere.";
  static override examples = [
    "<%= config.bin %> rebind --cluster c1 --to s2",
    "<%= config.bin %> rebind --cluster c1 --to s2 --command 'helm upgrade agent-{cluster} ./agent --set shardAddress={address}'",
  ];
  static override flags = {
    ...runFlags,
    ...executorFlags,
    cluster: Flags.string({ required: true, summary: "The cluster" }),
    to: Flags.string({ required: true, summary: "The shard that is to own it" }),
  };

  async run(): Promise<PlanReport> {
    const { flags } = await this.parse(Rebind);
    const { makePlan } = await import("../../client/rebind/make-plan.ts");
    const { onUnserved } = this;
    const request = { clusters: [flags.cluster], to: flags.to, executor: this.executor(flags), onUnserved };
    return await this.runPlan(await makePlan(await this.client(flags), request, this.hearing(flags)), flags);
  }
}
