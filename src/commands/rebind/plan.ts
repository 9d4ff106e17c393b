// `fleet rebind plan`: writes down which clusters would move where; nothing moves.
import { Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import { timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { executorFlags, RebindCommand } from "../../ui/cli/rebind-command.ts";

export default class RebindPlanCommand extends RebindCommand {
  static override summary = "Write a plan that moves clusters to a shard";
  static override description = "The plan is YAML: read it, edit it, apply it, roll it back.";
  static override examples = ["<%= config.bin %> rebind plan --cluster c1 --cluster c2 --to s2 > move.yaml"];
  static override flags = {
    ...executorFlags,
    cluster: Flags.string({
      required: true,
      multiple: true,
      summary: "A cluster; may be given several times",
    }),
    to: Flags.string({ required: true, summary: "The shard that will own them" }),
    timeout: timeoutFlag("60s", "Give up if a new leader has not heard the shards after this long"),
  };

  async run(): Promise<RebindPlan> {
    const { flags } = await this.parse(RebindPlanCommand);
    const [{ makePlan }, { formatPlan }] = await Promise.all([
      import("../../client/rebind/make-plan.ts"),
      import("../../client/rebind/plan-file.ts"),
    ]);
    const { onUnserved } = this;
    const request = { clusters: flags.cluster, to: flags.to, executor: this.executor(flags), onUnserved };
    const plan = await makePlan(await this.client(flags), request, this.hearing(flags));
    if (plan.moves.length === 0) throw nothingToMove(flags.to);
    await this.print(plan, { kind: "RebindPlan", file: formatPlan });
    return plan;
  }
}

function nothingToMove(shard: string): OperatorError {
  return new OperatorError("NOTHING_TO_MOVE", {
    what: `shard ${shard} already owns the named clusters, and no other shard serves them`,
    next: "see who owns what: fleet cluster list",
    exit: Exit.Precondition,
  });
}
