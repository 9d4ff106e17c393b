// Runs one drill: preflight, cool-down, baseline, fault, observe, heal, whole again, judge. All drills are data
// (core/drill/catalog.ts) and run here. What must stay true: every act is in the drill's journal before it
// happens, and is undone however the drill ends.

import { hostname } from "node:os";
import { present } from "../../core/base/assert.ts";
import { gapsOf, slicesOf } from "../../core/drill/client-view.ts";
import type { DrillSpec } from "../../core/drill/drill-spec.ts";
import { judgeHistory } from "../../core/drill/linearizability.ts";
import { evidenceOf, type Observation } from "../../core/drill/observation.ts";
import type { HistoryEvent } from "../../core/drill/register-history.ts";
import { type DrillReport, reportOf } from "../../core/drill/report.ts";
import type { Gate } from "../../core/drill/slo.ts";
import { requiredStages, stagesOf } from "../../core/drill/stages.ts";
import { type DrillEvent, measure, timelineOf } from "../../core/drill/timeline.ts";
import { judgeWrites, type WriteVerdict } from "../../core/drill/verdict.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus } from "../fleet-status.ts";
import type { LocalDeps } from "../local/deps.ts";
import { type ActContext, actWords, chooseVictims, noteDrill, perform, undoOf } from "./acts.ts";
import { isAsBefore } from "./as-before.ts";
import { awaitCoolDown } from "./cool-down.ts";
import { takeLock } from "./drill-lock.ts";
import { listRows, rowsOfRun } from "./drill-rows.ts";
import { Journal } from "./journal.ts";
import { drillsFolder } from "./journal-folder.ts";
import { DrillLoad, type LoadResult } from "./load.ts";
import { Lookout } from "./lookout.ts";
import type { NodeControl } from "./node-control.ts";
import { possibilities } from "./possibilities.ts";
import {
  assertAllowed,
  assertPossible,
  assertSteady,
  type LeaderNow,
  leaderFor,
  leaderOf,
} from "./preflight.ts";
import * as refuse from "./refusals.ts";
import { type SecondAgent, secondAgentOf } from "./second-agent.ts";
import { ShardWatch } from "./shard-watch.ts";
import { takeBack, undoWords } from "./undo.ts";

const LOOK_EVERY_MS = 20;
// Before anything is broken there is time to wait for a slow node.
const PATIENTLY = { perNodeTimeoutMs: 5_000 };
const NODE_TIMEOUT_MS = 1_000;
const RECOVERY_LIMIT_MS = 30_000;
const WHOLE_LIMIT_MS = 120_000;
const HEAL_LIMIT_MS = 60_000;
const HEAL_LIMIT = { limitMs: HEAL_LIMIT_MS, isStrict: false };

export interface DrillOptions {
  /** Writes a second. */
  readonly rate: number;
  /** Milliseconds of writing before the fault, and after the recovery. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly gates: readonly Gate[];
  /** Nothing is broken before the leader has led this long. */
  readonly quietMs: number;
  /** Called with what is waited for before anything is broken. */
  readonly onWait: (text: string) => void;
  /** Called with each event as it happens. */
  readonly onEvent: (event: DrillEvent) => void;
  /** Ends the drill early, with everything undone. */
  readonly signal: AbortSignal;
}

export interface DrillResult {
  readonly report: DrillReport;
  /** Names the drill's rows and its history. */
  readonly drillId: string;
  /** The requests and answers of the clients of the drill's registers. */
  readonly events: readonly HistoryEvent[];
}

/**
 * Throws what the preflight refuses, with nothing broken; DRILL_STOPPED once `signal` is aborted;
 * DRILL_NOT_HEALED.
 */
export async function runDrill(
  spec: DrillSpec,
  client: FleetClient,
  deps: LocalDeps,
  control: NodeControl,
  options: DrillOptions,
): Promise<DrillResult> {
  const status = await client.status(PATIENTLY);
  assertPossible(spec, (await possibilities(client, control, status)).can, client.target.name);
  leaderFor(spec, status);
  await assertAllowed(spec, client);
  return new DrillRun(spec, client, deps, control, options).run();
}

class DrillRun {
  readonly #spec: DrillSpec;
  readonly #client: FleetClient;
  readonly #deps: LocalDeps;
  readonly #control: NodeControl;
  readonly #options: DrillOptions;
  readonly #events: DrillEvent[] = [];
  readonly #startedAt = new Date();
  /** Zero of all times in the report: when its clients begin. */
  #startMs = performance.now();
  readonly #drillId: string;
  readonly #rows: ReturnType<typeof rowsOfRun>;
  #victims: readonly string[] = [];
  /** Of the moment before the fault. */
  #before: FleetStatus | null = null;
  #shards: ShardWatch | null = null;
  #secondAgent: SecondAgent | null = null;
  #unmet: readonly string[] = [];
  /** When the fault was complete: a process takes a while to be killed. */
  #brokenMs: number | null = null;

  constructor(
    spec: DrillSpec,
    client: FleetClient,
    deps: LocalDeps,
    control: NodeControl,
    options: DrillOptions,
  ) {
    this.#spec = spec;
    this.#client = client;
    this.#deps = deps;
    this.#control = control;
    this.#options = options;
    this.#drillId = `${spec.name}-${this.#startedAt.getTime()}`;
    this.#rows = rowsOfRun(this.#startedAt.getTime());
  }

  readonly #now = (): number => Math.round(performance.now() - this.#startMs);

  async run(): Promise<DrillResult> {
    const { target } = this.#client;
    const journal = await Journal.begin(drillsFolder(target.directory, process.cwd()), {
      ...{ drillId: this.#drillId, drill: this.#spec.name, fleet: target.name, host: hostname() },
      ...(target.directory === undefined ? {} : { directory: target.directory }),
      ...{ startedAt: this.#startedAt.toISOString(), process: await this.#deps.processes.self() },
    });
    try {
      await takeLock(this.#client, { drill: this.#spec.name, sinceMs: this.#startedAt.getTime() });
    } catch (error) {
      await journal.end();
      throw error;
    }
    let result: DrillResult;
    try {
      await journal.add({ kind: "unlock" });
      result = await this.#underLoad(journal);
    } finally {
      await this.#takeBack(journal);
    }
    return result;
  }

  async #underLoad(journal: Journal): Promise<DrillResult> {
    const { quietMs, onWait } = this.#options;
    const { clock } = this.#deps;
    await awaitCoolDown({
      ...{ quietMs, onWait, clock },
      status: () => this.#client.status(PATIENTLY),
      pause: (ms) => this.#pause(ms),
    });
    const status = await this.#client.status(PATIENTLY);
    this.#startMs = performance.now();
    const load = new DrillLoad(this.#client, {
      ...{ drill: this.#spec.name, rows: this.#rows, rate: this.#options.rate },
      ...{ now: this.#now, onEvent: (event) => this.#note(event) },
      sleep: (ms) => this.#deps.clock.sleep(ms),
    });
    const { shards } = await possibilities(this.#client, this.#control, status);
    const sleep = (ms: number) => this.#deps.clock.sleep(ms);
    const { tls } = this.#client;
    this.#shards = new ShardWatch({ shards, tls, now: this.#now, sleep });
    const lookout = new Lookout({
      ...{ client: this.#client, nodes: status.nodes, now: this.#now },
      sleep: (ms) => this.#deps.clock.sleep(ms),
      onEvent: (event) => this.#note(event),
    });
    try {
      const before = leaderFor(this.#spec, status);
      await this.#pause(this.#options.beforeMs);
      await this.#breakAndHeal(before, journal, lookout);
      const loaded = await load.stop();
      const { probes } = await listRows(this.#client, this.#spec.name, this.#rows.writes, {
        deadlineMs: HEAL_LIMIT_MS,
      });
      const writes = judgeWrites(loaded.writes, probes);
      const report = this.#report(writes, loaded, lookout);
      return { report, drillId: this.#drillId, events: loaded.events };
    } finally {
      await Promise.all([load.stop(), lookout.stop(), this.#shards.stop()]);
    }
  }

  async #breakAndHeal(before: LeaderNow, journal: Journal, lookout: Lookout): Promise<void> {
    const status = await this.#client.status(PATIENTLY);
    this.#before = status;
    const leader = leaderFor(this.#spec, status);
    // Under load and without faults it must keep its leader; otherwise there was no time to recover.
    assertSteady(before.term, leader.term);
    const { nodes } = status;
    const here = await possibilities(this.#client, this.#control, status);
    this.#victims = chooseVictims(this.#spec, nodes, leader, here);
    const undo = undoOf(this.#spec, this.#victims, nodes);
    await journal.add(...undo);
    const { index: entryIndex, term } = await noteDrill(
      this.#client,
      this.#spec,
      this.#victims,
      this.#drillId,
    );
    // The entry may have waited for a new leader. Then the fault would hit a replica that leads no more.
    assertSteady(leader.term, term ?? leader.term);
    // A victim makes its fault only once it has read that entry, and the first fault may cut the others off.
    if (this.#spec.act.kind === "inject") await this.#whole(false);
    try {
      await this.#break(leader, nodes, { journal, entryIndex }, lookout);
      await this.#recover();
      await this.#pause(Math.max(this.#spec.holdMs, this.#options.afterMs));
    } finally {
      await this.#heal(undo);
    }
    // Still under load: in a real fleet a node also catches up under load.
    if (this.#spec.expects === "stop") await this.#recover();
    await this.#whole(true);
  }

  async #break(
    leader: LeaderNow,
    nodes: FleetStatus["nodes"],
    { journal, entryIndex }: Pick<ActContext, "journal" | "entryIndex">,
    lookout: Lookout,
  ): Promise<void> {
    const { act } = this.#spec;
    const [node = "no node"] = this.#victims;
    const isOwnWords = act.kind === "kill" && this.#victims.length === 1 && node === leader.name;
    const what = isOwnWords ? {} : { what: actWords(this.#spec, this.#victims, leader) };
    const victims = new Set(this.#victims);
    // Noted before the fault: the time to recover must never look shorter than it was.
    lookout.watch({ term: leader.term, victims, leader: leader.name, commitIndex: leader.commitIndex });
    this.#note({ kind: "fault", atMs: this.#now(), node, term: leader.term, ...what });
    const { holdMs } = this.#spec;
    const { afterMs } = this.#options;
    const context: ActContext = {
      ...{ client: this.#client, control: this.#control, journal, drillId: this.#drillId, entryIndex },
      // Longer than the drill, so that the drill itself heals the fault.
      ttlMs: Math.min(3_600_000, holdMs + afterMs + RECOVERY_LIMIT_MS + HEAL_LIMIT_MS),
      whole: () => this.#whole(false),
      dialTwice: async () => {
        const sleep = (ms: number) => this.#deps.clock.sleep(ms);
        this.#secondAgent = await secondAgentOf(this.#client, node, sleep);
      },
    };
    await perform(act, this.#victims, nodes, context);
    this.#brokenMs = this.#now();
  }

  /** Until clients have recovered as the drill expects, or the limit has passed. */
  async #recover(): Promise<void> {
    const { expects } = this.#spec;
    const isHealed = this.#events.some(({ kind }) => kind === "healed");
    if (expects === "stop" && !isHealed) return;
    const wanted = requiredStages(expects).filter((stage) => stage !== "lag-gone" && stage !== "redundant");
    const endMs = this.#now() + RECOVERY_LIMIT_MS;
    while (this.#now() < endMs) {
      const stages = stagesOf(this.#events, expects);
      if (wanted.every((stage) => stages[stage] !== null)) return;
      await this.#pause(LOOK_EVERY_MS);
    }
  }

  async #heal(undo: Parameters<typeof takeBack>[0]): Promise<void> {
    this.#note({ kind: "healed", atMs: this.#now() });
    this.#unmet = (await this.#secondAgent?.stop()) ?? [];
    // A wiped node's old data are kept until it is whole again.
    const now = undo.filter(({ kind }) => kind !== "discard");
    const failed = await takeBack(now, this.#healers(), HEAL_LIMIT, (step) => {
      if (step.kind === "start") this.#note({ kind: "restarted", atMs: this.#now(), node: step.node });
    });
    if (failed.length > 0) throw refuse.notHealed(failed.map(({ undo: step }) => undoWords(step)));
  }

  /** All steps in the journal once more: repeating a step costs nothing. */
  async #takeBack(journal: Journal): Promise<void> {
    const failed = await takeBack(journal.undo, this.#healers(), HEAL_LIMIT, () => undefined);
    if (failed.length === 0) await journal.end();
    // Rows that stay cost a few kilobytes. The journal still names them, and a drill's result must not be
    // lost for that.
  }

  #healers() {
    const sinceMs = this.#startedAt.getTime();
    const ids = { drillId: this.#drillId, drill: this.#spec.name, sinceMs };
    return { client: this.#client, control: this.#control, ...ids };
  }

  /** Until all replicas have applied what was committed at the first check, and the fleet is as well as before. */
  async #whole(isTold: boolean): Promise<void> {
    const endMs = this.#now() + WHOLE_LIMIT_MS;
    const before = present(this.#before, "the fleet was looked at before its fault");
    let goal: number | null = null;
    const caughtUp = new Set<string>();
    while (this.#now() < endMs) {
      const status = await this.#client.status({ perNodeTimeoutMs: NODE_TIMEOUT_MS });
      goal ??= leaderOf(status)?.commitIndex ?? null;
      const reached = status.nodes.filter(
        (node) => goal !== null && (node.status?.appliedIndex ?? 0) >= goal,
      );
      if (isTold && reached.length === status.nodes.length) {
        for (const node of this.#victims.filter((name) => !caughtUp.has(name))) {
          caughtUp.add(node);
          this.#note({ kind: "caught-up", atMs: this.#now(), node });
        }
      }
      const isWhole = reached.length === status.nodes.length && isAsBefore(before, status);
      if (isWhole && (this.#shards?.isWhole ?? true)) {
        if (isTold) this.#note({ kind: "whole", atMs: this.#now() });
        return;
      }
      await this.#pause(LOOK_EVERY_MS);
    }
  }

  #report(writes: WriteVerdict, loaded: LoadResult, lookout: Lookout): DrillReport {
    const findings = {
      drill: this.#spec.name,
      startedAt: this.#startedAt.toISOString(),
      timeline: timelineOf(this.#events),
      durations: measure(this.#events),
      writes,
      linearizability: judgeHistory(loaded.events),
      observed: this.#observed(writes, loaded, lookout),
    };
    return reportOf(findings, this.#options.gates);
  }

  #observed(
    writes: WriteVerdict,
    { samples, events, stale, errors }: LoadResult,
    lookout: Lookout,
  ): Observation {
    const at = (kind: DrillEvent["kind"]) => this.#events.find((event) => event.kind === kind)?.atMs ?? null;
    const { expects } = this.#spec;
    const [fromMs, toMs] = [at("fault") ?? 0, at("healed")];
    const endedMs = at("stopped") ?? this.#now();
    const startedMs = at("started") ?? 0;
    const meanwhile = samples.filter(
      ({ begunMs, acknowledgedMs }) =>
        expects === "stop" &&
        begunMs > (this.#brokenMs ?? endedMs) &&
        (acknowledgedMs ?? endedMs) < (toMs ?? endedMs),
    );
    const isDuring = (atMs: number) => atMs >= fromMs && atMs <= (toMs ?? endedMs);
    const gaps = this.#spec.watchesShards ? (this.#shards?.gaps ?? []) : [];
    const shardGaps = gaps.filter(({ atMs }) => isDuring(atMs));
    const acknowledgedMeanwhile = meanwhile.map(({ number }) => number);
    const acknowledgedAt = new Map(
      samples.map(({ number, acknowledgedMs }) => [number, acknowledgedMs ?? 0]),
    );
    return {
      ...{ expects, victims: this.#victims, errors, roles: lookout.roles, endedMs },
      stages: stagesOf(this.#events, expects),
      fault: { fromMs, toMs },
      clients: gapsOf(samples, events, startedMs, endedMs),
      staleReads: stale.length,
      acknowledgedMeanwhile: meanwhile.length,
      shardGaps: shardGaps.length,
      unmet: this.#unmet,
      evidence: evidenceOf({
        ...writes,
        unmet: this.#unmet,
        stale,
        shardGaps,
        acknowledgedMeanwhile,
        acknowledgedAt,
      }),
      slices: slicesOf(samples, 0, endedMs),
    };
  }

  #note(event: DrillEvent): void {
    this.#events.push(event);
    if (event.kind !== "read") this.#options.onEvent(event);
  }

  /** Throws DRILL_STOPPED when the drill must end. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await this.#deps.clock.sleep(ms, signal);
    if (signal.aborted) throw refuse.stopped();
  }
}
