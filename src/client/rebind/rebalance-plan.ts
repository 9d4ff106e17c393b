// From what the fleet shows to advice, and from advice to a plan file in which a comment above each move says why.
// What must stay true: what is not known is never taken for room. A leader that has not heard every shard may miss
// both shortfalls and owners, so that nothing is advised then unless that is asked for.

import { Document, isMap, isSeq } from "yaml";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import type { Advice, RebalanceLimits, Refused } from "../../core/rebind/advice.ts";
import { createPlan, type Executor, type RebindPlan } from "../../core/rebind/plan.ts";
import { adviseRebalance } from "../../core/rebind/rebalance.ts";
import type { FleetClient } from "../fleet-client.ts";
import { safeYaml } from "../safe-yaml.ts";

export interface RebalanceRequest extends RebalanceLimits {
  /** Advise although not every shard has been heard. */
  readonly partial: boolean;
  readonly executor: Executor;
}

export interface RebalanceReport {
  readonly plan: RebindPlan;
  /** Why each of the plan's domains and of its clusters is to move, in the plan's order. */
  readonly reasons: { readonly domains: readonly string[]; readonly clusters: readonly string[] };
  readonly refused: readonly Refused[];
  /** False: not every shard had been heard. */
  readonly observedComplete: boolean;
}

type Reads = Pick<FleetClient, "listShards" | "listShortfalls" | "listClusters" | "listDomains">;

/** Throws REPORTS_INCOMPLETE. */
export async function rebalancePlan(client: Reads, request: RebalanceRequest): Promise<RebalanceReport> {
  const [shards, shortfalls, clusters, domains] = await Promise.all([
    client.listShards(),
    client.listShortfalls(),
    client.listClusters(),
    client.listDomains(),
  ]);
  const observedComplete = shortfalls.observedComplete && clusters.observedComplete;
  if (!observedComplete && !request.partial) throw incomplete();
  const seen = { ...shards, ...shortfalls, ...clusters, ...domains };
  const advice = adviseRebalance(seen, request);
  // The next look has another index as soon as one of the moves was made, so no migration's id comes twice.
  const name = `rebalance-at-${shards.stamp?.index ?? 0}`;
  return reportOf(advice, createPlan(name, request.executor, advice.clusters), observedComplete);
}

function reportOf(advice: Advice, plan: RebindPlan, observedComplete: boolean): RebalanceReport {
  const domains = advice.domains.map(({ why, ...move }) => move);
  return {
    plan: domains.length === 0 ? plan : { ...plan, domains },
    reasons: {
      domains: advice.domains.map(({ why }) => why),
      clusters: advice.clusters.map(({ why }) => why),
    },
    refused: advice.refused,
    observedComplete,
  };
}

/** Whether there is anything to apply. */
export function isEmpty({ plan }: RebalanceReport): boolean {
  return plan.moves.length === 0 && plan.domains === undefined;
}

/** The plan as a file. One without moves is all comment, so that it cannot be applied. */
export function formatRebalance(report: RebalanceReport): string {
  const remarks = [
    ...(report.observedComplete ? [] : ["the leader had not heard every shard: there may be more to move"]),
    ...(isEmpty(report) ? ["nothing to propose"] : []),
    ...(report.refused.length === 0 ? [] : ["considered, and not proposed:"]),
    ...report.refused.map(
      ({ shard, cluster, requirements, why }) => `  ${cluster} at ${shard} (${requirements}): ${why}`,
    ),
  ];
  // A comment ends with its line: what an agent or a shard wrote must not begin another one.
  const comment = remarks.map((line) => `# ${printable(line)}\n`).join("");
  return isEmpty(report) ? comment : `${planText(report)}${comment}`;
}

function planText({ plan, reasons }: RebalanceReport): string {
  const document = new Document(plan);
  explain(document.get("domains"), reasons.domains);
  explain(document.get("moves"), reasons.clusters);
  // A reason is one line however long it is.
  return safeYaml(document, { lineWidth: 0 });
}

function explain(list: unknown, reasons: readonly string[]): void {
  if (!isSeq(list)) return;
  for (const [at, item] of list.items.entries())
    if (isMap(item)) item.commentBefore = ` ${reasons[at] ?? ""}`;
}

function incomplete(): OperatorError {
  return new OperatorError("REPORTS_INCOMPLETE", {
    what: "the leader has not heard every shard, so free capacity and shortfalls are incomplete",
    next: "see which shards report: fleet shard list; to plan with the known part: --partial",
    exit: Exit.Precondition,
  });
}
