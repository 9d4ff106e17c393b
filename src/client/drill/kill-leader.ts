// The drill that kills the leader: writes, kills, watches the recovery, restarts, waits until all is whole again,
// reads every write back and judges whether what clients were told is linearizable. It works on local fleets only,
// since only there can it kill and start processes.
// What must stay true: however it ends, the node that it killed is started again and its probe rows are removed.

import { present } from "../../core/base/assert.ts";
import { judgeHistory } from "../../core/drill/linearizability.ts";
import type { HistoryEvent } from "../../core/drill/register-history.ts";
import { type DrillReport, reportOf } from "../../core/drill/report.ts";
import type { Gate } from "../../core/drill/slo.ts";
import { type DrillEvent, measure, timelineOf } from "../../core/drill/timeline.ts";
import { judgeWrites, type WriteVerdict } from "../../core/drill/verdict.ts";
import type { NodeStatus } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { Role } from "../../core/wire/gen/fleet/v1/views.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus } from "../fleet-status.ts";
import type { LocalDeps } from "../local/deps.ts";
import { killNode, startNode } from "../local/process-control.ts";
import * as refuse from "./refusals.ts";
import { RegisterLoad } from "./register-load.ts";
import { SteadyWriter } from "./steady-writer.ts";

const LOOK_EVERY_MS = 20;
const NODE_TIMEOUT_MS = 250;
// Before anything is killed there is time to hear a slow node out.
const PATIENTLY = { perNodeTimeoutMs: 5_000 };
const RECOVERY_LIMIT_MS = 30_000;
const CATCH_UP_LIMIT_MS = 60_000;

export interface KillLeaderOptions {
  /** Writes a second. */
  readonly rate: number;
  /** Milliseconds of writing before the kill, and after the first write that follows it. */
  readonly beforeMs: number;
  readonly afterMs: number;
  readonly gates: readonly Gate[];
  /** Told what happens as it happens. */
  readonly onEvent: (event: DrillEvent) => void;
  /** Ends the drill early, with everything put back as it was. */
  readonly signal: AbortSignal;
}

export interface DrillResult {
  readonly report: DrillReport;
  /** Names the drill's rows and its history. */
  readonly drillId: string;
  /** What the clients of the drill's registers asked and were told. */
  readonly events: readonly HistoryEvent[];
}

/**
 * Throws NOT_A_LOCAL_FLEET or NO_QUORUM_TO_SPARE, with nothing killed; DRILL_STOPPED once `signal` is aborted; and
 * RESTART_FAILED when the killed node did not come back.
 */
export async function drillKillLeader(
  client: FleetClient,
  deps: LocalDeps,
  options: KillLeaderOptions,
): Promise<DrillResult> {
  const { directory } = client.target;
  if (directory === undefined) throw refuse.notLocal(client.target.name);
  leaderToSpare(await client.status(PATIENTLY));
  return new KillLeaderDrill(client, deps, options, directory).run();
}

interface Leader {
  readonly name: string;
  readonly term: number;
}

class KillLeaderDrill {
  readonly #client: FleetClient;
  readonly #deps: LocalDeps;
  readonly #options: KillLeaderOptions;
  readonly #directory: string;
  readonly #events: DrillEvent[] = [];
  readonly #startedAt = new Date();
  readonly #drillId = `kill-leader-${this.#startedAt.getTime()}`;
  readonly #registersId = `${this.#drillId}.registers`;

  constructor(client: FleetClient, deps: LocalDeps, options: KillLeaderOptions, directory: string) {
    this.#client = client;
    this.#deps = deps;
    this.#options = options;
    this.#directory = directory;
  }

  async run(): Promise<DrillResult> {
    const writer = new SteadyWriter(this.#client, {
      drillId: this.#drillId,
      rate: this.#options.rate,
      now,
      onEvent: (event) => this.#note(event),
    });
    const registers = new RegisterLoad(this.#client, { drillId: this.#registersId, now });
    try {
      await this.#pause(this.#options.beforeMs);
      await this.#killAndRestart();
      const [attempted, events] = await Promise.all([writer.stop(), registers.stop()]);
      const { probes } = await this.#client.listProbes(this.#drillId);
      const report = this.#report(judgeWrites(attempted, probes), events);
      return { report, drillId: this.#drillId, events };
    } finally {
      await Promise.all([writer.stop(), registers.stop()]);
      await this.#clear();
    }
  }

  async #killAndRestart(): Promise<void> {
    const leader = await this.#leaderNow();
    try {
      await this.#kill(leader);
      await this.#recover(leader);
      await this.#pause(this.#options.afterMs);
    } finally {
      await this.#restart(leader.name);
    }
    // Still under load, which a node that catches up in a real fleet is, too.
    await this.#catchUp(leader.name);
  }

  /** The look takes seconds while a node hangs, and another may lead by then: who is killed must be asked once more. */
  async #leaderNow(): Promise<Leader> {
    for (;;) {
      const status = await this.#client.status(PATIENTLY);
      const leader = leaderToSpare(status);
      const node = status.nodes.find(({ name }) => name === leader.name);
      const { status: now } = await this.#client.observe(present(node, "a leader is one of the nodes"));
      if (now?.role === Role.LEADER && now.term === leader.term) return leader;
    }
  }

  #report(writes: WriteVerdict, events: readonly HistoryEvent[]): DrillReport {
    const findings = {
      drill: "kill-leader",
      startedAt: this.#startedAt.toISOString(),
      timeline: timelineOf(this.#events),
      durations: measure(this.#events),
      writes,
      linearizability: judgeHistory(events),
    };
    return reportOf(findings, this.#options.gates);
  }

  // Rows that stay cost the fleet a few kilobytes; for want of removing them a drill's result is not given up.
  async #clear(): Promise<void> {
    for (const drillId of [this.#drillId, this.#registersId]) {
      const operation = { kind: { $case: "clearProbes", value: { drillId } } } as const;
      await this.#client.submit(operation, { reason: drillId }).catch(() => undefined);
    }
  }

  #note(event: DrillEvent): void {
    this.#events.push(event);
    this.#options.onEvent(event);
  }

  async #kill({ name: node, term }: Leader): Promise<void> {
    // Noted before the signal: the time to recover must never look shorter than it was.
    this.#note({ kind: "fault", atMs: now(), node, term });
    await killNode(this.#directory, node, this.#deps);
  }

  /** Until a new leader is seen and a write was acknowledged in its term, or the limit has passed. */
  async #recover(killed: Leader): Promise<void> {
    const endMs = now() + RECOVERY_LIMIT_MS;
    let isLed = false;
    while (now() < endMs) {
      if (!isLed) {
        const next = await this.#leaderAfter(killed);
        isLed = next !== null;
        if (next !== null) this.#note({ kind: "leader", atMs: now(), node: next.name, term: next.term });
      }
      if (isLed && measure(this.#events).faultToFirstWriteMs !== null) return;
      await this.#pause(LOOK_EVERY_MS);
    }
  }

  async #leaderAfter(killed: Leader): Promise<Leader | null> {
    const status = await this.#client.status({ perNodeTimeoutMs: NODE_TIMEOUT_MS });
    const leader = leaderOf(status);
    return leader !== null && leader.nodeName !== killed.name && leader.term > killed.term
      ? { name: leader.nodeName, term: leader.term }
      : null;
  }

  async #restart(node: string): Promise<void> {
    try {
      await startNode(this.#directory, node, this.#deps);
    } catch (cause) {
      throw refuse.restartFailed(node, cause);
    }
    this.#note({ kind: "restarted", atMs: now(), node });
  }

  /** Until the killed node has applied what was committed when it was looked for first. */
  async #catchUp(node: string): Promise<void> {
    const endMs = now() + CATCH_UP_LIMIT_MS;
    let goal: number | null = null;
    while (now() < endMs) {
      const status = await this.#client.status({ perNodeTimeoutMs: NODE_TIMEOUT_MS });
      goal ??= leaderOf(status)?.commitIndex ?? null;
      const applied = status.nodes.find(({ name }) => name === node)?.status?.appliedIndex ?? 0;
      if (goal !== null && applied >= goal && status.verdict === "healthy") {
        this.#note({ kind: "caught-up", atMs: now(), node });
        return;
      }
      await this.#pause(LOOK_EVERY_MS);
    }
  }

  /** Throws DRILL_STOPPED when the drill is to end. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await this.#deps.clock.sleep(ms, signal);
    if (signal.aborted) throw refuse.stopped();
  }
}

const now = (): number => Math.round(performance.now());

function leaderOf(status: FleetStatus): NodeStatus | null {
  return status.nodes.find((node) => node.nodeId === status.leader)?.status ?? null;
}

/** The leader, if the others that follow it would still be a quorum without it. */
function leaderToSpare(status: FleetStatus): Leader {
  const leader = leaderOf(status);
  const voters = (leader?.members ?? []).filter((member) => !member.learner).map((member) => member.nodeId);
  const quorum = Math.floor(voters.length / 2) + 1;
  const following = status.nodes.filter(
    (node) => voters.includes(node.nodeId ?? 0) && node.status?.leaderId === leader?.nodeId,
  );
  if (leader && following.length - 1 >= quorum) return { name: leader.nodeName, term: leader.term };
  const isLed = leader !== null;
  throw refuse.noQuorumToSpare({ isLed, following: following.length, voters: voters.length, quorum });
}
