// The drill that kills the leader: writes, kills, watches the recovery, restarts, waits until all is whole again,
// and reads every write back. It works on local fleets only, since only there can it kill and start processes.

import { setTimeout as sleep } from "node:timers/promises";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { type DrillReport, reportOf } from "../../core/drill/report.ts";
import type { Gate } from "../../core/drill/slo.ts";
import { type DrillEvent, measure, timelineOf } from "../../core/drill/timeline.ts";
import { judgeWrites } from "../../core/drill/verdict.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { FleetStatus, NodeObservation } from "../fleet-status.ts";
import type { LocalDeps } from "../local/deps.ts";
import { killNode, startNode } from "../local/process-control.ts";
import { SteadyWriter } from "./steady-writer.ts";

const LOOK_EVERY_MS = 20;
const NODE_TIMEOUT_MS = 250;
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
}

/** Throws NOT_A_LOCAL_FLEET or NO_QUORUM_TO_SPARE, with nothing done. */
export async function drillKillLeader(
  client: FleetClient,
  deps: LocalDeps,
  options: KillLeaderOptions,
): Promise<DrillReport> {
  const { directory } = client.target;
  if (directory === undefined) throw notLocal(client.target.name);
  const leader = leaderToSpare(await client.status());
  return new KillLeaderDrill(client, deps, options, directory, leader).run();
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
  readonly #leader: Leader;
  readonly #events: DrillEvent[] = [];
  readonly #startedAt = new Date();

  constructor(
    client: FleetClient,
    deps: LocalDeps,
    options: KillLeaderOptions,
    directory: string,
    leader: Leader,
  ) {
    this.#client = client;
    this.#deps = deps;
    this.#options = options;
    this.#directory = directory;
    this.#leader = leader;
  }

  async run(): Promise<DrillReport> {
    const drillId = `kill-leader-${this.#startedAt.getTime()}`;
    const { rate, gates } = this.#options;
    const writer = new SteadyWriter(this.#client, {
      drillId,
      rate,
      now,
      onEvent: (event) => this.#note(event),
    });
    await sleep(this.#options.beforeMs);
    try {
      await this.#kill();
      await this.#recover();
      await sleep(this.#options.afterMs);
    } finally {
      await this.#restart();
    }
    // Still under load, which a node that catches up in a real fleet is, too.
    await this.#catchUp();
    const attempted = await writer.stop();
    const { probes } = await this.#client.listProbes(drillId);
    const writes = judgeWrites(attempted, probes);
    await this.#client.submit({ kind: { $case: "clearProbes", value: { drillId } } }, { reason: drillId });
    const findings = {
      drill: "kill-leader",
      startedAt: this.#startedAt.toISOString(),
      timeline: timelineOf(this.#events),
      durations: measure(this.#events),
      writes,
    };
    return reportOf(findings, gates);
  }

  #note(event: DrillEvent): void {
    this.#events.push(event);
    this.#options.onEvent(event);
  }

  async #kill(): Promise<void> {
    const { name: node, term } = this.#leader;
    // Noted before the signal: the time to recover must never look shorter than it was.
    this.#note({ kind: "fault", atMs: now(), node, term });
    await killNode(this.#directory, node, this.#deps);
  }

  /** Until a new leader is seen and a write was acknowledged in its term, or the limit has passed. */
  async #recover(): Promise<void> {
    const endMs = now() + RECOVERY_LIMIT_MS;
    let isLed = false;
    while (now() < endMs) {
      if (!isLed) {
        const status = await this.#client.status({ perNodeTimeoutMs: NODE_TIMEOUT_MS });
        const leader = status.nodes.find(
          (node) => node.nodeId === status.leader && node.name !== this.#leader.name,
        );
        isLed =
          leader?.status !== undefined && leader.status !== null && leader.status.term > this.#leader.term;
        if (isLed && leader)
          this.#note({ kind: "leader", atMs: now(), node: leader.name, term: leader.status?.term ?? 0 });
      }
      const durations = measure(this.#events);
      if (isLed && durations.faultToFirstWriteMs !== null) return;
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #restart(): Promise<void> {
    await startNode(this.#directory, this.#leader.name, this.#deps);
    this.#note({ kind: "restarted", atMs: now(), node: this.#leader.name });
  }

  /** Until the killed node has applied what was committed when it was looked for first. */
  async #catchUp(): Promise<void> {
    const endMs = now() + CATCH_UP_LIMIT_MS;
    let goal: number | null = null;
    while (now() < endMs) {
      const status = await this.#client.status({ perNodeTimeoutMs: NODE_TIMEOUT_MS });
      goal ??= status.nodes.find((node) => node.nodeId === status.leader)?.status?.commitIndex ?? null;
      const applied = statusOf(status.nodes, this.#leader.name)?.appliedIndex ?? 0;
      if (goal !== null && applied >= goal && status.verdict === "healthy") {
        this.#note({ kind: "caught-up", atMs: now(), node: this.#leader.name });
        return;
      }
      await sleep(LOOK_EVERY_MS);
    }
  }
}

const now = (): number => Math.round(performance.now());

function statusOf(nodes: readonly NodeObservation[], name: string) {
  return nodes.find((node) => node.name === name)?.status ?? null;
}

/** The leader, if the others would still be a quorum without it. */
function leaderToSpare(status: FleetStatus): Leader {
  const leader = status.nodes.find((node) => node.nodeId === status.leader)?.status;
  const voters = leader?.members.filter((member) => !member.learner) ?? [];
  const quorum = Math.floor(voters.length / 2) + 1;
  const healthy = status.nodes.filter(
    (node) => node.status !== null && voters.some((voter) => voter.nodeId === node.nodeId),
  );
  if (leader && healthy.length - 1 >= quorum) return { name: leader.nodeName, term: leader.term };
  throw new OperatorError("NO_QUORUM_TO_SPARE", {
    what: "killing the leader now would stop the fleet",
    why: leader
      ? `${healthy.length} of ${voters.length} voters are up and ${quorum} are a quorum: without the leader ${healthy.length - 1} would be left`
      : "no leader is known",
    next: "bring all nodes up first: fleet status, fleet up",
    exit: Exit.NoQuorum,
  });
}

function notLocal(name: string): OperatorError {
  return new OperatorError("NOT_A_LOCAL_FLEET", {
    what: `${name} is not a local fleet, so its processes can't be killed from here`,
    next: "name a local one with --dir",
    exit: Exit.Usage,
  });
}
