// `fleet rebind plan`: writes down which clusters would move where; nothing moves.
import { Args, Flags } from "@oclif/core";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { RebindPlan } from "../../core/rebind/plan.ts";
import type { WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { type TargetFlagValues, timeoutFlag } from "../../ui/cli/fleet-flags.ts";
import { objectsOf } from "../../ui/cli/object-argument.ts";
import { executorFlags, firstOf, RebindCommand } from "../../ui/cli/rebind-command.ts";
import {
  hasWaveFlags,
  namesIn,
  selectorOf,
  type WaveFlagValues,
  waveFlags,
} from "../../ui/cli/wave-flags.ts";

interface PlanFlagValues extends TargetFlagValues, WaveFlagValues {
  readonly command: string | undefined;
  readonly cluster: readonly string[] | undefined;
  readonly from: string | undefined;
  readonly label: string | undefined;
  readonly selector: string | undefined;
  readonly file: string | undefined;
  readonly to: readonly string[] | undefined;
  readonly spread: boolean;
  readonly timeout: number;
}

export default class RebindPlanCommand extends RebindCommand {
  static override summary = "Write a plan that moves clusters to other shards";
  static override description =
    "--from, -l and --label narrow each other: a cluster must match all that are given. Names and --file add clusters. " +
    "The plan is YAML: read it, edit it, apply it, roll it back. The plan has version 2, and the fleet keeps its progress. " +
    "Only a plan of named clusters may have version 1: if it brings an agent back to the declared shard, or continues a " +
    "migration. Version 1 has no journal, and takes no flags of WAVES or CONDITIONS.";
  static override examples = [
    "<%= config.bin %> rebind plan c1 c2 --to s2 > move.yaml",
    "<%= config.bin %> rebind plan --from s1 --spread --canary 2 --wave 50 --pause 30s > move.yaml",
    "<%= config.bin %> rebind plan --from s1 -l team=a,tier!=web --spread > move.yaml",
    "<%= config.bin %> rebind plan --label zone=eu-1a --to s2,s3 --on-failure rollback > move.yaml",
  ];
  static override strict = false;
  static override args = {
    cluster: Args.string({ description: "A cluster; may be given several times" }),
  };
  static override flags = {
    ...executorFlags,
    cluster: Flags.string({ hidden: true, multiple: true }),
    from: Flags.string({ summary: "Only clusters of this shard" }),
    selector: Flags.string({ char: "l", summary: "Only clusters with these labels: team=a,tier!=web" }),
    label: Flags.string({
      summary: "Only clusters of shards with these labels; region and zone count as labels",
    }),
    file: Flags.string({ summary: "Also the clusters that this file names, one a line; - = standard input" }),
    to: Flags.string({
      multiple: true,
      summary: "The shard that will own them, or several (s2,s3): the plan uses those with room",
    }),
    spread: Flags.boolean({ summary: "Choose among all shards with room", exclusive: ["to"] }),
    ...waveFlags,
    timeout: timeoutFlag("60s", "Give up if a new leader has not heard the shards after this long"),
  };

  async run(): Promise<RebindPlan | WavePlan> {
    const { argv, flags } = await this.parse(RebindPlanCommand);
    const to = namesIn(flags.to ?? []);
    if (to.length === 0 && !flags.spread) throw noTargets();
    const [target, ...more] = to;
    const isInWaves = isSelected(flags) || hasWaveFlags(flags) || target === undefined || more.length > 0;
    if (isInWaves) return await this.#inWaves(await this.#named(argv, flags), flags, to);
    return await this.#toShard(objectsOf(argv, flags.cluster ?? [], "CLUSTER"), target, flags);
  }

  /** Looks at each named cluster first: its agent may dial a wrong shard, or a migration of it may be under way. */
  async #toShard(
    clusters: readonly string[],
    to: string,
    flags: PlanFlagValues,
  ): Promise<RebindPlan | WavePlan> {
    const [{ makePlan }, { onlyInVersion1 }] = await Promise.all([
      import("../../client/rebind/make-plan.ts"),
      import("../../core/rebind/plan.ts"),
    ]);
    const { onUnserved } = this;
    const request = { clusters, to, executor: this.executor(flags), onUnserved };
    const plan = await makePlan(await this.client(flags), request, this.hearing(flags));
    const mended = onlyInVersion1(plan);
    if (mended.length === 0) {
      const nothing = `nothing to move: shard ${to} already owns the named clusters, and no other shard serves them`;
      return await this.#inWaves(clusters, flags, [to], nothing);
    }
    this.note(
      `a plan of version 1, without a journal: it brings agents back or continues migrations (${firstOf(mended)})`,
    );
    return await this.#printPlan(plan);
  }

  async #inWaves(
    clusters: readonly string[],
    flags: PlanFlagValues,
    to: readonly string[],
    nothing = "nothing to move: no cluster is selected, or all are at their targets already",
  ): Promise<WavePlan> {
    const which = {
      from: flags.from,
      shardsWith: selectorOf(flags.label),
      clustersWith: selectorOf(flags.selector),
      clusters,
      to,
    };
    const plan = await this.planWaves(which, flags, nothing);
    if (plan.moves.length === 0 && !this.printsEmptyPlans) return plan;
    return await this.#printPlan(plan);
  }

  async #printPlan<Plan extends RebindPlan | WavePlan>(plan: Plan): Promise<Plan> {
    const { formatPlan } = await import("../../client/rebind/plan-file.ts");
    await this.print(plan, { kind: "RebindPlan", file: formatPlan });
    return plan;
  }

  /** Clusters that are named here or in the file; none is needed beside a shard or a label. */
  async #named(argv: readonly unknown[], flags: PlanFlagValues): Promise<readonly string[]> {
    const { namesFrom } = await import("../../client/rebind/waves/names-file.ts");
    const inFile = flags.file === undefined ? [] : await namesFrom(flags.file);
    const typed = [...argv.map(String), ...(flags.cluster ?? [])];
    if (typed.length === 0 && isSelected(flags)) return inFile;
    return [...objectsOf([...argv], [...(flags.cluster ?? [])], "CLUSTER"), ...inFile];
  }
}

/** Otherwise than by name. */
function isSelected({ from, label, selector, file }: PlanFlagValues): boolean {
  return [from, label, selector, file].some((flag) => flag !== undefined);
}

function noTargets(): OperatorError {
  return new OperatorError("USAGE", {
    what: "no target is given",
    next: "name shards with --to s2,s3, or let the plan choose with --spread",
    exit: Exit.Usage,
  });
}
