// Evacuates a shard from the dashboard, as `fleet shard evacuate` does. Its plan in waves is made and shown first, and that plan
// runs. If the fleet has changed meanwhile, it is refused. Cancelling it finishes what is under way and pauses the plan.
import { openMover } from "../../client/rebind/executor.ts";
import { PlanJournal } from "../../client/rebind/waves/journal.ts";
import { leaderHealth } from "../../client/rebind/waves/leader-health.ts";
import { makeWavePlan } from "../../client/rebind/waves/make-wave-plan.ts";
import { runWaves } from "../../client/rebind/waves/run-waves.ts";
import {
  planChanges,
  requirePreconditions,
  staleWavePlan,
  takePlan,
  thisRunner,
} from "../../client/rebind/waves/start-plan.ts";
import { fromStored } from "../../client/rebind/waves/stored-plan.ts";
import { refuseExisting, uploadPlan } from "../../client/rebind/waves/upload-plan.ts";
import { systemWaitClock } from "../../core/base/wait-clock.ts";
import type { Executor } from "../../core/rebind/plan.ts";
import { PRECONDITIONS, STRATEGY, type WavePlan } from "../../core/rebind/waves/wave-plan.ts";
import { planSentence, routesOf } from "../model/plan-words.ts";
import type { ChangeCheck, ChangeOutcome } from "../model/top/change.ts";
import { type ChangeTools, shownLines } from "./change-tools.ts";
import { previewView, reportView } from "./waves-command.ts";

const HEARING_MS = 60_000;

/** Throws what would be refused. */
export async function checkEvacuation(
  tools: ChangeTools,
  shard: string,
): Promise<ChangeCheck & { readonly plan: WavePlan }> {
  const { client, restart } = tools;
  const executor: Executor = restart === null ? { kind: "local" } : { kind: "command", command: restart };
  const lines: string[] = [];
  const onWait = (shards: readonly string[]): void =>
    void lines.push(`the leader is new: waiting for it to hear ${shards.length} shards`);
  const which = { from: shard, shardsWith: undefined, clustersWith: undefined, clusters: [], to: [] };
  const request = { ...which, executor, strategy: STRATEGY, preconditions: PRECONDITIONS };
  const { plan, migrating } = await makeWavePlan(client, request, { timeoutMs: HEARING_MS, onWait });
  lines.push(...migrating.map((cluster) => `${cluster}: left out, because a migration is under way`));
  if (plan.moves.length === 0) {
    return { plan, finding: "nothing", lines: [...lines, `shard ${shard} owns no cluster that can move`] };
  }
  await requireReady(tools, plan);
  const preview = { plan: plan.name, sentence: planSentence(plan), routes: routesOf(plan.moves) };
  return { plan, finding: "ask", lines: [...lines, ...(await shownLines(tools, preview, previewView))] };
}

export async function performEvacuation(
  tools: ChangeTools,
  plan: WavePlan,
  notify: (line: string) => void,
  signal: AbortSignal,
): Promise<ChangeOutcome> {
  const { client, reason } = tools;
  const mover = await requireReady(tools, plan);
  await uploadPlan(client, plan, reason);
  const journal = new PlanJournal(client, plan.name, reason);
  const row = await takePlan(journal, false, systemWaitClock, notify);
  const end = await runWaves(fromStored(row), {
    ...{ reads: client, journal, mover, clock: systemWaitClock, runner: thisRunner() },
    health: async () => leaderHealth(await client.status()),
    events: {
      onWave: (number, size) => notify(`wave ${number} (${size})`),
      onRow: () => undefined,
      onStep: (cluster, text) => notify(`${cluster}: ${text}`),
      onWait: notify,
    },
    isStopping: () => signal.aborted,
  });
  const { steps, done, undone } = await journal.row();
  const report = { plan: plan.name, result: end.kind, why: end.why, steps, done, undone, failed: end.failed };
  return { isDone: end.kind === "done", lines: await shownLines(tools, report, reportView) };
}

/** Whether the plan can begin now, and who restarts the agents. */
async function requireReady({ client }: ChangeTools, plan: WavePlan) {
  await refuseExisting(client, plan);
  const changes = await planChanges(client, plan);
  if (changes.length > 0) throw staleWavePlan(plan, changes);
  await requirePreconditions(client, plan, async () => leaderHealth(await client.status()));
  return await openMover(plan.executor, client.target.directory);
}
