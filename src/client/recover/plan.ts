// Makes the plan of a recovery from the folders' content, or says why no recovery is possible. Writes nothing.

import { randomUUID } from "node:crypto";
import { dirname, join } from "node:path";
import { present } from "../../core/base/assert.ts";
import { logIndex } from "../../core/base/ids.ts";
import { clockBehindMs } from "../../core/base/incarnation.ts";
import type { Consequences } from "../../core/recover/assess.ts";
import type { Copy } from "../../core/recover/copy.ts";
import {
  choose,
  type Diagnosed,
  type Diagnosis,
  diagnose,
  type Place,
} from "../../core/recover/diagnosis.ts";
import { furthestGroups } from "../../core/recover/group-copies.ts";
import type { RevocationList } from "../../core/recover/kept-revocations.ts";
import { ageOf, newBeginning, REASON_BYTES_MAX } from "../../core/recover/new-beginning.ts";
import { type RecoveryMark, readRecoveryMark } from "../../core/storage/recovery-mark.ts";
import { type KeptReport, keptFrom, NO_WISH, type RevocationWish } from "./kept-revocations.ts";
import type { Looked } from "./look.ts";
import { offlineActor } from "./offline-actor.ts";
import * as refuse from "./refusals.ts";

export interface RecoverWish {
  /** The survivor to recover from; null = the most advanced one. */
  readonly node: string | null;
  /** The operator accepts the loss of entries that only others hold. */
  readonly acceptBehind: boolean;
  readonly reason: string;
  /** Absent: no list was looked for. */
  readonly revocations?: RevocationWish;
}

export interface RecoveryPlan {
  /** The survivor's name and its data folder. */
  readonly node: string;
  readonly directory: string;
  readonly mark: RecoveryMark;
  /** Null when this finishes an interrupted recovery. */
  readonly consequences: Consequences | null;
  /**
   * How far this host's clock is behind the newest entry of the copies; 0 = it is not, or this finishes a
   * recovery.
   */
  readonly clockBehindMs: number;
  readonly isResumed: boolean;
  /** Null when this finishes an interrupted recovery. */
  readonly kept: KeptReport | null;
}

/** For a plan that finishes a started recovery. */
export const RESUMED = { consequences: null, clockBehindMs: 0, isResumed: true, kept: null } as const;

/** The diagnosis of the folders. */
export function diagnosePlaces(places: readonly Place[]): Diagnosis {
  return diagnose(places).diagnosis;
}

/** Throws an OperatorError when a recovery is not possible, not needed, or not intended. */
export async function planRecovery(looked: Looked, wish: RecoverWish, nowMs: number): Promise<RecoveryPlan> {
  if (new TextEncoder().encode(wish.reason).length > REASON_BYTES_MAX)
    throw refuse.reasonTooLong(REASON_BYTES_MAX);
  const diagnosed = diagnose(looked.places);
  const { diagnosis } = diagnosed;
  switch (diagnosis.verdict) {
    case "half-recovered":
      return resumed(diagnosis, wish);
    case "running":
      throw refuse.running(diagnosis);
    case "quorum":
      throw refuse.quorumIsThere(diagnosis);
    case "no-survivor":
      throw refuse.noSurvivor(diagnosis);
    case "no-quorum":
      return fresh(looked, diagnosed, present(looked.clusterId, "a copy names its cluster"), wish, nowMs);
  }
}

function fresh(
  { places }: Looked,
  diagnosed: Diagnosed,
  clusterId: string,
  wish: RecoverWish,
  nowMs: number,
): RecoveryPlan {
  const { diagnosis, assessment, nameOf } = diagnosed;
  const choice = choose(diagnosed, { node: wish.node, mayBeBehind: wish.acceptBehind });
  if (!choice.ok) throw refuse.choice(choice, wish.node, diagnosis);
  const { copy } = choice;
  const directory = present(
    diagnosis.nodes.find((node) => node.nodeId === copy.nodeId)?.directory,
    "a copy was read from a folder",
  );
  const { ranked } = present(assessment, "a survivor was chosen");
  const ofCluster = (list: RevocationList) => ({ ...list, incarnation: clusterId });
  const { revocations, report: kept } = keptFrom(
    ofCluster(copy.revocations),
    ranked.map((other) => ofCluster(other.revocations)),
    wish.revocations ?? NO_WISH,
  );
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:.]/g, "");
  return {
    node: nameOf(copy.nodeId),
    directory,
    consequences: choice.consequences,
    clockBehindMs: clockBehindMs(ageOf(ranked), nowMs),
    isResumed: false,
    kept,
    mark: {
      nodeId: copy.nodeId,
      address: "",
      formerClusterId: clusterId,
      clusterId: randomUUID(),
      ...newBeginning(ranked, nowMs),
      // Everything that any survivor knows to be committed, as far as this one holds it.
      committed: logIndex((choice.consequences.becomesCommitted?.fromIndex ?? copy.last.index + 1) - 1),
      last: copy.last.index,
      actor: offlineActor(),
      reason: wish.reason,
      atMs: nowMs,
      backup: join(dirname(directory), `backup-${stamp}`),
      ...(revocations.length === 0 ? {} : { revocations }),
      ...groupsIn(places, copy),
    },
  };
}

/** Each group beside the fleet's own continues from its furthest copy, whichever folder holds it. */
function groupsIn(places: readonly Place[], survivor: Copy): Pick<RecoveryMark, "groups" | "lostGroups"> {
  const copies = places.flatMap(({ sight }) => (sight.kind === "whole" ? (sight.groups ?? []) : []));
  const groups = furthestGroups(copies, survivor.nodeId).map(
    ({ term, copy: { group, kind, directory, log } }) => ({
      ...{ group, kind, term, last: log.lastIndex(), from: directory },
    }),
  );
  const found = new Set(groups.map(({ group }) => Number(group)));
  const lostGroups = survivor.groups.filter((group) => !found.has(group));
  return {
    ...(groups.length === 0 ? {} : { groups }),
    ...(lostGroups.length === 0 ? {} : { lostGroups }),
  };
}

async function resumed(diagnosis: Diagnosis, wish: RecoverWish): Promise<RecoveryPlan> {
  const marked = diagnosis.nodes.filter((node) => node.state === "half-recovered");
  const [node] = marked;
  if (node?.directory == null || marked.length > 1) throw refuse.twoHalves(marked);
  if (wish.node !== null && wish.node !== node.name) throw refuse.otherHalf(node, wish.node);
  const mark = present(await readRecoveryMark(node.directory), "the folder carries a mark");
  return { node: node.name, directory: node.directory, mark, ...RESUMED };
}
