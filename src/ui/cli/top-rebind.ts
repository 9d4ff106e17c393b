// Moves clusters from the dashboard, as `fleet rebind` does: the plan is made and previewed first, and that plan is what runs.
import { openMover } from "../../client/rebind/executor.ts";
import { makePlan } from "../../client/rebind/make-plan.ts";
import { previewPlan, runPlan } from "../../client/rebind/run-plan.ts";
import type { RebindOutcome } from "../../client/rebind/track.ts";
import type { Executor, RebindPlan } from "../../core/rebind/plan.ts";
import type { Change, ChangeCheck, ChangeOutcome } from "../model/top/change.ts";
import { type ChangeTools, shownLines } from "./change-tools.ts";
import { clustersView } from "./rebind-command.ts";

const WAVE_MS = 60_000;
const PARALLEL_MAX = 4;

export async function checkRebind(
  tools: ChangeTools,
  { clusters, to }: Extract<Change, { kind: "rebind" }>,
): Promise<ChangeCheck & { readonly plan: RebindPlan }> {
  const { client, restart } = tools;
  const executor: Executor = restart === null ? { kind: "local" } : { kind: "command", command: restart };
  const lines: string[] = [];
  const onUnserved = (cluster: string): void =>
    void lines.push(`${cluster}: no shard has a session of it: its agent is down, or cannot connect`);
  const plan = await makePlan(client, { clusters, to, executor, onUnserved }, hearing(lines));
  if (plan.moves.length === 0) return { plan, finding: "nothing", lines: [...lines, clustersView.empty] };
  const mover = await openMover(executor, client.target.directory);
  const outcome = await previewPlan(client, plan, mover, WAVE_MS);
  const shown = [...lines, ...(await outcomeLines(tools, outcome))];
  const isBlocked = outcome.report.moves.every(({ result }) => result === "blocked");
  return { plan, finding: outcome.error !== null || isBlocked ? "refused" : "ask", lines: shown };
}

export async function performRebind(
  tools: ChangeTools,
  plan: RebindPlan,
  notify: (line: string) => void,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  const { client, reason } = tools;
  const mover = await openMover(plan.executor, client.target.directory);
  const outcome = await runPlan(client, plan, mover, {
    ...{ maxParallel: PARALLEL_MAX, timeoutMs: WAVE_MS, reason, signal },
    onStep: ({ cluster }, step) => notify(`${cluster}: ${step.step}${"why" in step ? ` (${step.why})` : ""}`),
    onWait: (shards) => notify(waitWords(shards)),
  });
  const { moves } = outcome.report;
  const isDone = moves.every(({ result }) => result === "done");
  const rest = isDone ? [] : ["next: run the same again to finish it, or undo it: fleet rebind rollback"];
  return { isDone, lines: [...(await outcomeLines(tools, outcome)), ...rest] };
}

async function outcomeLines(
  tools: ChangeTools,
  { report, error }: RebindOutcome,
): Promise<readonly string[]> {
  const table = await shownLines(tools, report, clustersView);
  return error === null ? table : [...table, `FLEET_E_${error.code}: ${error.parts.what}`];
}

const hearing = (lines: string[]) => ({
  timeoutMs: WAVE_MS,
  onWait: (shards: readonly string[]): void => void lines.push(waitWords(shards)),
});

const waitWords = (shards: readonly string[]): string =>
  `the leader is new: waiting for it to hear ${shards.length} shards`;
