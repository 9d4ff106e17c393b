// What a simulated process is started with, and what follows from that alone.

import type { Clock } from "../base/clock.ts";
import type { GroupId, NodeId } from "../base/ids.ts";
import type { Cut } from "../coordinator/group/fleet-machine.ts";
import type { TimingProfile } from "../coordinator/host/profile.ts";
import type { Holding, Readmission } from "../coordinator/membership/readmission.ts";
import type { Peer } from "../transport/transport.ts";
import { Chance } from "./chance.ts";
import type { FolderOptions } from "./open-folder.ts";
import { type FenceMark, StateComparing } from "./state-comparing.ts";
import type { World } from "./world.ts";

export const TICK_MS = 50;
const STAGGER_MS = 60;

export interface ProcessOptions {
  readonly world: World;
  readonly node: NodeId;
  /** Counts the node's processes from 1. */
  readonly life: number;
  readonly folder: Omit<FolderOptions, "onFrame" | "onSynced">;
  /** The node's own. */
  readonly clock: Clock;
  /** Of real milliseconds, how many this node's clock makes of them. */
  readonly clockRate: number;
  /** What its command line would name, itself included. */
  readonly given: readonly Peer[];
  /** The newest cluster version that its build knows. */
  readonly knownVersion: number;
  /** What the build of a node that is up knows. */
  readonly knownBy: (peer: NodeId) => number | null;
  /** Opens a stream. */
  readonly introduce: (to: NodeId) => void;
  /** Asks all other nodes to let this one in again. */
  readonly askToRejoin: (group: GroupId, holding: Holding) => Promise<Readmission>;
  /** Runs the action later, unless this process is gone by then; while it is paused, afterwards. */
  readonly later: (ms: number, action: () => void) => void;
  /** When the process comes to its next turn. */
  readonly turnMs: () => number;
  readonly onFrame: () => void;
  readonly onLeading: () => void;
  readonly onFatal: (error: unknown) => void;
  /** What its disk says of a fence. */
  readonly fenceMark: FenceMark;
  /** False once the process has ended. */
  readonly isAlive: () => boolean;
}

export function compared({ world, node, fenceMark, folder, clock, onFatal }: ProcessOptions): StateComparing {
  const onDisk = () => folder.pass(folder.delayMs());
  const electionMs = TICK_MS * world.swarm.electionTicks;
  return new StateComparing({ world, node, clock, electionMs, mark: fenceMark, onDisk, onFinding: onFatal });
}

// Small batches are cut as large ones are in production. How must change nothing, so each process has its own way.
export function cutOf({ world, node, life }: ProcessOptions): Cut {
  const chance = Chance.of(world.swarm.seed, "slices", node * 1_000 + life);
  return { atOnceRowsMax: chance.pick([1, 1, 8]), sliceRows: chance.pick([1, 2, 5]) };
}

export const turnOf = ({ later }: ProcessOptions) => new Promise<void>((resolve) => later(0, resolve));

/** Between two parts of a state that is restored. */
export const restorePause = ({ world, later }: ProcessOptions) =>
  new Promise<void>((resolve) => later(world.swarm.restorePauseMs, resolve));

export function profileOf({ swarm }: World): TimingProfile {
  const { electionTicks } = swarm;
  return { tickMs: TICK_MS, heartbeatTicks: 1, electionTicks, staggerMs: STAGGER_MS };
}
