// Turns the fleet's state into advice, and advice into a plan file with a comment above each move that says why. What
// must stay true: unknown machines never count as room. A leader that has not heard every shard may miss shortfalls and
// owners. Then there is no advice unless the operator asks for it.

import { Document, isMap, isSeq } from "yaml";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { printable } from "../../core/base/printable.ts";
import type { Advice, RebalanceLimits, Refused } from "../../core/rebind/advice.ts";
import { createPlan, type Executor, type RebindPlan } from "../../core/rebind/plan.ts";
import { adviseRebalance } from "../../core/rebind/rebalance.ts";
import type { FleetClient } from "../fleet-client.ts";
import { safeYaml } from "../safe-yaml.ts";

export interface RebalanceRequest extends RebalanceLimits {
  /** Give advice although not every shard has been heard. */
  readonly partial: boolean;
  readonly executor: Executor;
}

export interface RebalanceReport {
  readonly plan: RebindPlan;
  /** Why each of the plan's domains and clusters should move, in the plan's order. */
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
  // The index changes as soon as one of the moves is made, so no migration's id repeats.
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

/** The plan as a file. A plan without moves is all comment, so that it can't be applied. */
export function formatRebalance(report: RebalanceReport): string {
  const remarks = [
    ...(report.observedComplete ? [] : ["the leader had not heard every shard: there may be more to move"]),
    ...(isEmpty(report) ? ["nothing to propose"] : []),
    ...(report.refused.length === 0 ? [] : ["considered, and not proposed:"]),
    ...report.refused.map(
      ({ shard, cluster, requirements, why }) => `  ${cluster} at ${shard} (${requirements}): ${why}`,
    ),
  ];
  // A comment ends with its line: a text of an agent or a shard must not start another line.
  const comment = remarks.map((line) => `# ${printable(line)}\n`).join("");
  return isEmpty(report) ? comment : `${planText(report)}${comment}`;
}

function planText({ plan, reasons }: RebalanceReport): string {
  const document = new Document(plan);
  explain(document.get("domains"), reasons.domains);
  explain(document.get("moves"), reasons.clusters);
  // A reason is one line, however long it is.
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
