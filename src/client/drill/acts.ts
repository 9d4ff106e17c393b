// Carries out a drill's act on its victims. What must stay true: the step that undoes it is in the journal
// before the act begins.

import { OperatorError } from "../../core/base/errors.ts";
import { type Act, type DrillSpec, faultFor } from "../../core/drill/drill-spec.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { NodeObservation } from "../fleet-status.ts";
import type { Journal, Undo } from "./journal.ts";
import type { NodeControl } from "./node-control.ts";
import type { LeaderNow } from "./preflight.ts";
import type { WatchedShard } from "./shard-watch.ts";

export interface ActContext {
  readonly client: FleetClient;
  readonly control: NodeControl;
  readonly journal: Journal;
  readonly drillId: string;
  /** The audit entry without which no replica makes a fault; 0 = a member runs an older build, and none needs it. */
  readonly entryIndex: number;
  /** A fault ends automatically after this time. */
  readonly ttlMs: number;
  /** Waits until all replicas answer and agree. */
  readonly whole: () => Promise<void>;
  /** Has a second agent dial until the fault is healed. */
  readonly dialTwice: () => Promise<void>;
}

/** The coordinators that the drill hits; those of the last row are hit first. */
export function chooseVictims(
  { victims }: DrillSpec,
  nodes: readonly NodeObservation[],
  leader: LeaderNow,
  { shards, clusters }: { readonly shards: readonly WatchedShard[]; readonly clusters: readonly string[] },
): readonly string[] {
  const voters = nodes.filter(({ reachable }) => reachable).map(({ name }) => name);
  const followers = voters.filter((name) => name !== leader.name);
  const quorum = Math.floor(voters.length / 2) + 1;
  switch (victims) {
    case "leader":
      return [leader.name];
    case "follower":
      return followers.slice(0, 1);
    case "minority":
      return followers.slice(0, Math.max(1, voters.length - quorum));
    // Including the leader: the remaining voters can't elect one.
    case "majority":
      return [leader.name, ...followers].slice(0, voters.length - quorum + 1);
    case "all":
      return [...followers, leader.name];
    case "shard":
      return shards.slice(0, 1).map(({ name }) => name);
    case "agent":
      return clusters.slice(0, 1);
  }
}

/**
 * The step that undoes the act. For an act that ends by itself: the step for the case that it is interrupted.
 */
export function undoOf(
  { act }: DrillSpec,
  victims: readonly string[],
  nodes: readonly NodeObservation[],
): readonly Undo[] {
  const each = (kind: "start" | "resume" | "discard"): Undo[] => victims.map((node) => ({ kind, node }));
  switch (act.kind) {
    case "kill":
    case "restart-each":
      return each("start");
    case "pause":
      return each("resume");
    case "wipe":
      return [...each("start"), ...each("discard")];
    case "transfer":
    case "dial-twice":
      return [];
    case "inject": {
      const clear = nodes
        .filter(({ name }) => victims.includes(name))
        .map(({ name: node, address }): Undo => ({ kind: "clear-faults", node, address }));
      return act.fault.kind === "failing-disk" ? [...each("start"), ...clear] : clear;
    }
  }
}

/** Before anything is broken: a leader that is cut off could not write it. Format 1 has no such entry. */
export async function noteDrill(
  client: Pick<FleetClient, "submit">,
  { name: drill }: DrillSpec,
  victims: readonly string[],
  reason: string,
): Promise<{ readonly index: number; readonly term: number | null }> {
  // Under the name that a role allows; the reason names the run.
  const value = { drillId: drill, drill, victims: [...victims] };
  try {
    return await client.submit({ kind: { $case: "noteDrill", value } }, { reason });
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== "CLUSTER_VERSION_TOO_LOW") throw error;
    return { index: 0, term: null };
  }
}

export async function perform(
  act: Act,
  victims: readonly string[],
  nodes: readonly NodeObservation[],
  context: ActContext,
): Promise<void> {
  const { client, control, drillId, entryIndex, ttlMs } = context;
  switch (act.kind) {
    case "kill":
      await Promise.all(victims.map((node) => control.kill(node)));
      return;
    case "pause":
      await Promise.all(victims.map((node) => control.pause(node)));
      return;
    case "wipe":
      for (const node of victims) {
        await control.kill(node);
        await control.wipe(node);
        await control.start(node);
      }
      return;
    case "restart-each":
      for (const node of victims) {
        await control.stop(node);
        await control.start(node);
        await context.whole();
      }
      return;
    case "transfer":
      await client.transferLeadership({
        ...{ toNode: "", fromNode: victims[0] ?? "", reason: drillId, dryRun: false },
      });
      return;
    case "dial-twice":
      await context.dialTwice();
      return;
    case "inject": {
      const others = nodes
        .filter(({ name }) => !victims.includes(name))
        .flatMap(({ nodeId }) => nodeId ?? []);
      const fault = faultFor(act.fault, others);
      const hit = nodes.filter(({ name }) => victims.includes(name));
      await Promise.all(
        hit.map(({ name: nodeName, address }) =>
          client.injectFault(address, { nodeName, fault, ttlMs, reason: drillId, entryIndex }),
        ),
      );
    }
  }
}

const VERBS: Readonly<Record<Act["kind"], string>> = {
  kill: "killed",
  pause: "paused",
  wipe: "wiped",
  "restart-each": "restarting",
  transfer: "handing leadership over from",
  "dial-twice": "a second agent dials for",
  inject: "hit",
};

/** The timeline's line. Killing the leader has its own line. */
export function actWords({ act }: DrillSpec, victims: readonly string[], leader: LeaderNow): string {
  const named = victims.map((name) =>
    name === leader.name ? `${name}, leader of term ${leader.term}` : name,
  );
  const what = act.kind === "inject" ? `${act.fault.kind} at` : VERBS[act.kind];
  return `${what} ${named.join("; ")}`;
}
