// `fleet rebind rollback`: undoes a plan, or one cluster's migration, at whatever step it is.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { inversePlan, type RebindPlan } from "../../core/rebind/plan.ts";
import { executorFlags, type PlanReport, RebindCommand, runFlags } from "../../ui/cli/rebind-command.ts";

export default class RebindRollback extends RebindCommand {
  static override summary = "Undo a plan, or a cluster's migration";
  static override description =
    "Undoes the moves that began, the last ones first. If it was interrupted, the same command finishes it. It needs running agents: end the migration of a cluster without one with fleet cluster unbind --force.";
  static override examples = [
    "<%= config.bin %> rebind rollback move.yaml",
    "<%= config.bin %> rebind rollback --cluster c1",
  ];
  static override args = { plan: Args.string({ description: "The plan's file" }) };
  static override flags = {
    ...runFlags,
    ...executorFlags,
    cluster: Flags.string({ summary: "The cluster, when there is no plan file" }),
  };

  async run(): Promise<PlanReport> {
    const { args, flags } = await this.parse(RebindRollback);
    return await this.runPlan(await this.#rollbackPlan(args.plan, flags), flags);
  }

  async #rollbackPlan(
    file: string | undefined,
    flags: { readonly cluster: string | undefined; readonly timeout: number } & Parameters<
      RebindRollback["client"]
    >[0] &
      Parameters<RebindRollback["executor"]>[0],
  ): Promise<RebindPlan> {
    if (file !== undefined && flags.cluster === undefined) {
      const { readPlan } = await import("../../client/rebind/plan-file.ts");
      return inversePlan(await readPlan(file));
    }
    if (file === undefined && flags.cluster !== undefined) {
      const { rollbackPlan } = await import("../../client/rebind/make-plan.ts");
      const client = await this.client(flags);
      return await rollbackPlan(client, flags.cluster, this.executor(flags), this.hearing(flags));
    }
    throw new OperatorError("USAGE", {
      what: "name either a plan file or a cluster",
      next: "fleet rebind rollback PLAN.yaml, or fleet rebind rollback --cluster C",
      exit: Exit.Usage,
    });
  }
}
