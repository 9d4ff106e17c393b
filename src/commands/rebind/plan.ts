// `fleet rebind plan`: writes down which clusters would move where; nothing moves.
import { Args, Flags } from "@oclif/core";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import { timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { objectsOf } from "../../ui/cli/object-argument.ts";
import { executorFlags, RebindCommand } from "../../ui/cli/rebind-command.ts";

export default class RebindPlanCommand extends RebindCommand {
  static override summary = "Write a plan that moves clusters to a shard";
  static override description = "The plan is YAML: read it, edit it, apply it, roll it back.";
  static override examples = ["<%= config.bin %> rebind plan c1 c2 --to s2 > move.yaml"];
  static override strict = false;
  static override args = {
    cluster: Args.string({ description: "A cluster; may be given several times" }),
  };
  static override flags = {
    ...executorFlags,
    cluster: Flags.string({ hidden: true, multiple: true }),
    to: Flags.string({ required: true, summary: "The shard that will own them" }),
    timeout: timeoutFlag("60s", "Give up if a new leader has not heard the shards after this long"),
  };

  async run(): Promise<RebindPlan> {
    const { argv, flags } = await this.parse(RebindPlanCommand);
    const [{ makePlan }, { formatPlan }] = await Promise.all([
      import("../../client/rebind/make-plan.ts"),
      import("../../client/rebind/plan-file.ts"),
    ]);
    const clusters = objectsOf(argv, flags.cluster ?? [], "CLUSTER");
    const { onUnserved } = this;
    const request = { clusters, to: flags.to, executor: this.executor(flags), onUnserved };
    const plan = await makePlan(await this.client(flags), request, this.hearing(flags));
    if (plan.moves.length === 0) {
      this.note(`nothing to move: shard ${flags.to} owns what was named, and no other shard serves it`);
      // A file without moves is no plan; scripts learn it from the document.
      if (this.output.format === "table" || this.output.format === "wide") return plan;
    }
    await this.print(plan, { kind: "RebindPlan", file: formatPlan });
    return plan;
  }
}
