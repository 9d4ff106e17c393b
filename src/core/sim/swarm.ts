// What one run is like: size, timings, and which faults it knows. Each run enables its own subset (swarm testing;
// Groce and others, 2012): a fault that is always there hides what only happens in its absence.

import { Chance } from "./chance.ts";
import { drawSchedule, FAULT_KINDS, type Fault, type FaultKind, NOISES, type Noise } from "./faults.ts";

export interface Swarm {
  readonly seed: number;
  readonly voters: number;
  /** Nodes that are no members at first. */
  readonly spares: number;
  readonly clients: number;
  readonly durationMs: number;
  readonly electionTicks: number;
  readonly snapshotEvery: number;
  readonly trailing: number;
  readonly segmentBytes: number;
  readonly messageBytesMax: number;
  readonly inflightMessagesMax: number;
  readonly committedBytesMax: number;
  readonly readOnly: "safe" | "lease-based";
  /** Whether messages go through their wire form. */
  readonly isEncoded: boolean;
  readonly thinkMs: number;
  readonly latencyMs: number;
  readonly syncMs: number;
  readonly noises: ReadonlySet<Noise>;
  /** How bad the noises are, per mille of messages, or of the clock's rate. */
  readonly badness: number;
  readonly schedule: readonly Fault[];
}

export interface SwarmOptions {
  /** Simulated time before the healing; drawn from the seed if null. */
  readonly durationMs: number | null;
  readonly without: ReadonlySet<Noise | FaultKind>;
  /** Ids of the faults to keep; null = all. */
  readonly only: ReadonlySet<number> | null;
}

export const WHOLE_SWARM: SwarmOptions = { durationMs: null, without: new Set(), only: null };

export function drawSwarm(seed: number, options: SwarmOptions = WHOLE_SWARM): Swarm {
  const chance = Chance.of(seed, "swarm");
  const voters = chance.pick([1, 2, 3, 3, 3, 3, 3, 4, 5, 5]);
  const some = <Kind>(kinds: readonly Kind[], permille: number) =>
    kinds.filter(() => chance.permille(permille));
  // One run in ten is spared everything: what fails there is no matter of faults.
  const share = chance.pick([0, 200, 350, 350, 500, 500, 500, 700, 700, 900]);
  const noises = some(NOISES, share);
  const kinds = some(FAULT_KINDS, share);
  const spares = kinds.includes("membership") ? chance.between(1, 3) : 0;
  // Leases trust that clocks run alike and that processes do not stand still (Raft §6.4.1).
  const mayLease = !["drift", "pause", "clock-jump"].some((kind) =>
    [...noises, ...kinds].includes(kind as Noise),
  );
  const swarm = {
    seed,
    voters,
    spares,
    clients: chance.between(1, 4),
    durationMs: chance.between(3, 12) * 1_000,
    electionTicks: chance.between(5, 10),
    snapshotEvery: chance.pick([5, 20, 50, 200]),
    trailing: chance.pick([0, 0, 3, 20, 100]),
    segmentBytes: chance.pick([4, 16, 64]) * 1_024,
    // Small enough to be reached, unlike in production; 1 lets every entry travel alone.
    messageBytesMax: chance.pick([1, 1, 100, 1_024]),
    inflightMessagesMax: chance.pick([1, 4, 64]),
    committedBytesMax: chance.pick([1, 100, 4_096]),
    readOnly: mayLease && chance.permille(500) ? ("lease-based" as const) : ("safe" as const),
    isEncoded: chance.permille(200),
    thinkMs: chance.pick([10, 30, 50, 200]),
    latencyMs: chance.pick([1, 1, 5, 20]),
    syncMs: chance.pick([0.2, 1, 5, 20]),
    badness: chance.pick([5, 20, 50, 150]),
  };
  const durationMs = options.durationMs ?? swarm.durationMs;
  const gapMs = chance.pick([100, 250, 600, 1_500]);
  const leaderPermille = chance.pick([100, 400, 900]);
  const plan = { kinds, nodes: voters + spares, durationMs, gapMs, leaderPermille };
  const schedule = drawSchedule(Chance.of(seed, "schedule"), plan);
  return {
    ...swarm,
    durationMs,
    noises: new Set(noises.filter((noise) => !options.without.has(noise))),
    schedule: schedule.filter(
      ({ id, kind }) => !options.without.has(kind) && (options.only?.has(id) ?? true),
    ),
  };
}
