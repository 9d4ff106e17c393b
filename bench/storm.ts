// Bursts that are more than the fleet can take (storm/bursts.ts). Then a thousand clients whose leader goes away: what
// they ask of the nodes until each has got its write through. Once as a thousand callers of one call each (many small
// programs), once as one caller with a thousand calls (one busy one).
// Callers share a connection a node, so that attempts are counted and not the cost of connecting.

import { setTimeout as sleep } from "node:timers/promises";
import { present } from "../src/core/base/assert.ts";
import { OUTSIDE_SESSIONS } from "../src/core/base/outside-sessions.ts";
import type { CoordinatorClient } from "../src/core/wire/gen/fleet/v1/coordinator.ts";
import { connectCoordinator } from "../src/core/wire/leader/coordinator-client.ts";
import { LeaderCaller } from "../src/core/wire/leader/leader-caller.ts";
import { type CallLimits, unary } from "../src/core/wire/unary.ts";
import { FleetStore } from "./load/fleet-store.ts";
import type { Server } from "./load/server.ts";
import { settledLeader } from "./load/store.ts";
import { median, quantile } from "./statistics.ts";
import { benchBursts } from "./storm/bursts.ts";
import type { Table } from "./table.ts";

const CALLS = 1_000;
const DEADLINE_MS = 30_000;
const ROUNDS = 3;
const OUTAGE_MS = 5_000;
const WINDOW_MS = 100;

type Fault = "killed" | "hangs" | "no quorum for 5 s";
type Shape = "1 000 callers, a call each" | "1 caller, 1 000 calls";

const FAULTS: readonly Fault[] = ["killed", "hangs", "no quorum for 5 s"];
const SHAPES: readonly Shape[] = ["1 000 callers, a call each", "1 caller, 1 000 calls"];

interface Attempt {
  readonly address: string;
  readonly atMs: number;
}

/** What one round came to. */
interface Round {
  readonly peakAtLeader: number;
  readonly peakAtSurvivor: number;
  readonly total: number;
  /** Attempts of each call. */
  readonly perCall: readonly number[];
  /** Calls that found no leader within their deadline. */
  readonly lost: number;
  readonly doneMs: number;
}

export async function benchStorm(): Promise<readonly Table[]> {
  return [...(await benchBursts()), ...(await benchOutages())];
}

async function benchOutages(): Promise<readonly Table[]> {
  const store = await FleetStore.start({ nodes: 3, tls: "plaintext" });
  try {
    const rows: string[][] = [];
    for (const fault of FAULTS) {
      for (const shape of SHAPES) {
        const rounds: Round[] = [];
        for (let round = 0; round < ROUNDS; round += 1) rounds.push(await measure(store, fault, shape));
        rows.push(rowOf(fault, shape, rounds));
      }
    }
    const header = ["leader", "clients", "peak at the lost node", "peak at a survivor", "attempts"];
    return [
      {
        title: "A thousand clients lose their leader",
        header: [...header, "attempts a call, median / p99", "until the last is done", "not through in 30 s"],
        rows,
      },
    ];
  } finally {
    await store.dispose();
  }
}

function rowOf(fault: Fault, shape: Shape, rounds: readonly Round[]): string[] {
  const middle = (pick: (round: Round) => number) => Math.round(median(rounds.map(pick)));
  const perCall = rounds.flatMap((round) => round.perCall).sort((a, b) => a - b);
  return [
    fault,
    shape,
    `${middle((round) => round.peakAtLeader)}/s`,
    `${middle((round) => round.peakAtSurvivor)}/s`,
    String(middle((round) => round.total)),
    `${quantile(perCall, 0.5)} / ${quantile(perCall, 0.99)}`,
    `${middle((round) => round.doneMs)} ms`,
    String(rounds.reduce((sum, round) => sum + round.lost, 0)),
  ];
}

/** A node as the callers have it. */
interface Node {
  readonly address: string;
  readonly client: CoordinatorClient;
  close(): void;
}

/** Breaks the fleet, sends the calls at that moment, and mends it when all are through. */
async function measure(store: FleetStore, fault: Fault, shape: Shape): Promise<Round> {
  const leader = await settledLeader(store);
  const nodes = new Map(store.servers.map(({ address }) => [address, connect(address)]));
  const callers = callersOf(shape, nodes);
  try {
    // Every client has worked with this leader before.
    const limits = { deadlineMs: DEADLINE_MS };
    await Promise.all(
      callers.map((caller) =>
        caller.call(
          writeOn(() => undefined),
          limits,
        ),
      ),
    );
    const mend = breakFleet(store.servers, leader, fault);
    const startedMs = performance.now();
    const attempts: Attempt[][] = Array.from({ length: CALLS }, () => []);
    const ends = await Promise.allSettled(
      attempts.map((own, call) => {
        const caller = present(callers[call % callers.length], "there is a caller");
        const note = (address: string) => own.push({ address, atMs: performance.now() - startedMs });
        return caller.call(writeOn(note), limits);
      }),
    );
    const doneMs = performance.now() - startedMs;
    await mend;
    const lost = ends.filter(({ status }) => status === "rejected").length;
    return { ...summaryOf(attempts, leader.address), lost, doneMs };
  } finally {
    for (const { client } of nodes.values()) client.close();
  }
}

function connect(address: string): Node {
  return { address, client: connectCoordinator("insecure-loopback", address), close: () => undefined };
}

function callersOf(shape: Shape, nodes: ReadonlyMap<string, Node>): LeaderCaller<Node>[] {
  const endpoints = [...nodes.keys()].map((address) => ({ address }));
  const nodeAt = (address: string) => present(nodes.get(address), "a leader is one of the three");
  const count = shape === "1 caller, 1 000 calls" ? 1 : CALLS;
  return Array.from({ length: count }, () => new LeaderCaller({ endpoints, connect: nodeAt }));
}

/** A write that changes nothing, and may be applied twice. */
function writeOn(note: (address: string) => void) {
  return ({ address, client }: Node, limits: CallLimits) => {
    note(address);
    const operation = { kind: { $case: "clearProbes", value: { drillId: "storm" } } } as const;
    const outside = { ...OUTSIDE_SESSIONS, reason: "", dryRun: false };
    return unary(client.submit.bind(client), { ...outside, operation }, limits);
  };
}

/** The fault is there when this returns; resolves when it is mended. */
async function breakFleet(servers: readonly Server[], leader: Server, fault: Fault): Promise<void> {
  switch (fault) {
    case "killed":
      return restart([leader]);
    case "hangs": {
      const { pid } = leader;
      process.kill(present(pid, "the leader runs"), "SIGSTOP");
      await sleep(OUTAGE_MS);
      process.kill(present(pid, "the leader runs"), "SIGCONT");
      return;
    }
    case "no quorum for 5 s":
      return restart([
        leader,
        present(
          servers.find((server) => server !== leader),
          "there are three",
        ),
      ]);
  }
}

async function restart(servers: readonly Server[]): Promise<void> {
  await Promise.all([...servers.map((server) => server.kill()), sleep(OUTAGE_MS)]);
  for (const server of servers) server.start();
}

function summaryOf(
  attempts: readonly (readonly Attempt[])[],
  leader: string,
): Omit<Round, "lost" | "doneMs"> {
  const all = attempts.flat();
  const survivors = new Set(all.map(({ address }) => address).filter((address) => address !== leader));
  return {
    peakAtLeader: peakPerSecond(all.filter(({ address }) => address === leader)),
    peakAtSurvivor: Math.max(
      ...[...survivors].map((survivor) => peakPerSecond(all.filter(({ address }) => address === survivor))),
    ),
    total: all.length,
    perCall: attempts.map((own) => own.length),
  };
}

function peakPerSecond(attempts: readonly Attempt[]): number {
  const windows = new Map<number, number>();
  for (const { atMs } of attempts) {
    const window = Math.floor(atMs / WINDOW_MS);
    windows.set(window, (windows.get(window) ?? 0) + 1);
  }
  return Math.max(0, ...windows.values()) * (1_000 / WINDOW_MS);
}
