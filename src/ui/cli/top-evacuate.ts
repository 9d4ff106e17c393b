// Evacuates a shard from the dashboard, as `fleet shard evacuate` does. Its plan in waves is made and shown first, and that plan
// runs. If the fleet has changed meanwhile, it is refused. Cancelling it finishes what is under way and pauses the plan.
import { PlanJournal } from "../../client/rebind/waves/journal.ts";
import { makeWavePlan } from "../../client/rebind/waves/make-wave-plan.ts";
import { requireReady, runTaken } from "../../client/rebind/waves/run-taken.ts";
import { takePlan } from "../../client/rebind/waves/start-plan.ts";
import { uploadOnce } from "../../client/rebind/waves/upload-plan.ts";
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
  await requireReady(client, plan, "");
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
  await requireReady(client, plan, "");
  await uploadOnce(client, plan, reason);
  const journal = new PlanJournal(client, plan.name, reason);
  const row = await takePlan(journal, false, systemWaitClock, notify);
  const report = await runTaken(client, journal, row, {
    events: {
      onWave: (number, size) => notify(`wave ${number} (${size})`),
      onRow: () => undefined,
      onStep: (cluster, text) => notify(`${cluster}: ${text}`),
      onWait: notify,
    },
    isStopping: () => signal.aborted,
  });
  return { isDone: report.result === "done", lines: await shownLines(tools, report, reportView) };
}
