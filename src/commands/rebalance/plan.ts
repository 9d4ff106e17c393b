// `fleet rebalance plan`: writes down what could move from shards that run short to shards with room; nothing moves.
import { Flags } from "@oclif/core";
import type { RebalanceReport } from "../../client/rebind/rebalance-plan.ts";
import { Exit } from "../../core/base/errors.ts";
import { COUNT_MAX } from "../../ui/cli/fleet-flags.ts";
import { executorFlags, RebindCommand } from "../../ui/cli/rebind-command.ts";

const COOLDOWN_CYCLES = 8;

export default class RebalancePlan extends RebindCommand {
  static override summary = "Write a plan that moves demand from shards that run short to shards with room";
  static override description =
    "Works from shortfalls and summaries, the highest priority first. A shard that lacks machines gets a " +
    "topology domain that is idle elsewhere. If there is no such domain, its cluster moves to an active shard with " +
    "room, if possible in the same region. Comments in the plan give the reason for each move, and for " +
    "each candidate that stays. Nothing moves before fleet rebind apply. Exits with 9 if there is nothing to " +
    "propose.";
  static override examples = [
    "<%= config.bin %> rebalance plan > plan.yaml",
    "<%= config.bin %> rebalance plan --max-moves 5 --min-age-cycles 6 > plan.yaml",
  ];
  static override flags = {
    ...executorFlags,
    "max-moves": Flags.integer({
      summary: "Maximum number of proposed moves",
      default: 20,
      min: 1,
      max: 10_000,
    }),
    "min-age-cycles": Flags.integer({
      summary: "Ignore shortfalls younger than this many cycles",
      default: 3,
      min: 0,
      max: COUNT_MAX,
    }),
    "cooldown-cycles": Flags.integer({
      summary:
        "Ignore clusters and domains that came to their shard within this many cycles of its scheduler",
      default: COOLDOWN_CYCLES,
      min: COOLDOWN_CYCLES,
      max: COUNT_MAX,
    }),
    partial: Flags.boolean({ summary: "Plan even if the leader has not heard every shard" }),
  };

  async run(): Promise<RebalanceReport> {
    const { flags } = await this.parse(RebalancePlan);
    const { formatRebalance, isEmpty, rebalancePlan } = await import("../../client/rebind/rebalance-plan.ts");
    const report = await rebalancePlan(await this.client(flags), {
      minAgeCycles: flags["min-age-cycles"],
      cooldownCycles: flags["cooldown-cycles"],
      maxMoves: flags["max-moves"],
      partial: flags.partial,
      executor: this.executor(flags),
    });
    await this.print(report, { kind: "RebalancePlan", file: formatRebalance });
    this.exitWith(isEmpty(report) ? Exit.Precondition : Exit.Ok);
    return report;
  }
}
