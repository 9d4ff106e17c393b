// A drill as data: whom it hits, with what, and what must come of it. One executor performs all of them
// (client/drill/run-drill.ts). Pure.

import { Exit, OperatorError } from "../base/errors.ts";
import { type Fault, faultMessage } from "../wire/fault-message.ts";
import type { Fault as FaultMessage } from "../wire/gen/fleet/v1/faults.ts";

/** Whom the drill hits. A minority is as many voters as a quorum can miss; a majority is one more. */
export type Victims = "leader" | "follower" | "minority" | "majority" | "all" | "shard" | "agent";

/** What happens to each victim. */
export type Act =
  | { readonly kind: "kill" }
  | { readonly kind: "pause" }
  /** Kills it, puts its data folder aside, and starts it empty. */
  | { readonly kind: "wipe" }
  /** Stops and starts all coordinators, one after the other, the leader last. */
  | { readonly kind: "restart-each" }
  | { readonly kind: "transfer" }
  /** A second agent of a cluster dials the shard that serves the first one. */
  | { readonly kind: "dial-twice" }
  | { readonly kind: "inject"; readonly fault: InjectedFault };

/** A fault whose peers follow from its victims. */
export type InjectedFault = WithoutPeers<Fault>;
type WithoutPeers<Each> = Each extends Fault ? Omit<Each, "peers"> : never;

/**
 * What clients must see. "new-leader": another replica leads, and writes are taken in its term. "no-stop": writes are
 * taken all the time, by any leader. "stop": no write is taken until the fault is healed.
 */
export type Expectation = "new-leader" | "no-stop" | "stop";

export interface DrillSpec {
  readonly name: string;
  readonly summary: string;
  readonly victims: Victims;
  readonly act: Act;
  readonly expects: Expectation;
  /** The fault lasts at least so long. */
  readonly holdMs: number;
  /** Whether the shards and their agents must keep working meanwhile. */
  readonly watchesShards?: true;
}

/** What a drill needs beside a connection. */
export type Need =
  | "faults"
  | "kill"
  | "start"
  | "stop"
  | "pause"
  | "wipe"
  | "shards"
  | "agents"
  /** Each coordinator runs in a process of its own. */
  | "own-process"
  /** The coordinators replicate the log among themselves, and keep it on their disks. */
  | "own-log";

export function needsOf({ act, victims, watchesShards }: DrillSpec): readonly Need[] {
  const shards: readonly Need[] = victims === "shard" || watchesShards ? ["shards"] : [];
  const alone: readonly Need[] = victims === "shard" ? [] : ["own-process"];
  switch (act.kind) {
    case "kill":
      return [
        "kill",
        "start",
        ...alone,
        ...shards,
        ...(victims === "majority" ? (["own-log"] as const) : []),
      ];
    case "pause":
      return ["pause", ...alone];
    case "wipe":
      return ["kill", "wipe", "start", ...alone, "own-log"];
    case "restart-each":
      return ["stop", "start", ...alone];
    case "transfer":
      return [];
    case "dial-twice":
      return ["shards", "agents"];
    case "inject":
      return needsOfFault(act.fault);
  }
}

function needsOfFault({ kind }: InjectedFault): readonly Need[] {
  switch (kind) {
    case "clock-jump":
      return ["faults"];
    // Its process stops by itself, and must be started again.
    case "failing-disk":
      return ["faults", "start", "own-process", "own-log"];
    case "partition":
    case "lossy-links":
    case "slow-disk":
    case "full-disk":
      return ["faults", "own-log"];
  }
}

/** The message that makes the fault. `others`: the ids of the replicas that are no victims. */
export function faultFor(fault: InjectedFault, others: readonly number[]): FaultMessage {
  switch (fault.kind) {
    case "partition":
      return faultMessage({ ...fault, peers: others });
    case "lossy-links":
      return faultMessage({ ...fault, peers: [] });
    case "slow-disk":
    case "full-disk":
    case "failing-disk":
    case "clock-jump":
      return faultMessage(fault);
  }
}

/** How many voters a fleet of `voters` can miss. */
const spareOf = (voters: number): number => voters - (Math.floor(voters / 2) + 1);

/** How many of the voters the drill takes from the quorum while its fault lasts. */
export function missing({ victims, act }: DrillSpec, voters: number): number {
  if (act.kind === "transfer" || act.kind === "dial-twice") return 0;
  if (act.kind === "restart-each") return 1;
  // These replicas still answer.
  if (act.kind === "inject" && ["lossy-links", "clock-jump"].includes(act.fault.kind)) return 0;
  switch (victims) {
    case "leader":
    case "follower":
      return 1;
    case "minority":
      return Math.max(1, spareOf(voters));
    case "majority":
      return spareOf(voters) + 1;
    case "all":
      return voters;
    case "shard":
    case "agent":
      return 0;
  }
}

/** The drill called `name`. Throws DRILL_UNKNOWN. */
export function drillNamed(name: string, catalog: readonly DrillSpec[]): DrillSpec {
  const found = catalog.find((spec) => spec.name === name);
  if (found !== undefined) return found;
  throw new OperatorError("DRILL_UNKNOWN", {
    what: `there is no drill called "${name.slice(0, 64)}"`,
    why: `there are ${catalog.map((spec) => spec.name).join(", ")}`,
    next: "see what each does: fleet drill list",
    exit: Exit.NotFound,
  });
}
