// Carries a recovery out: in the survivor's folder, and for a local fleet also in the other nodes' folders
// and fleet.yaml. The mark in the survivor's folder is removed last, so that nothing can be started until
// everything matches.

import { present } from "../../core/base/assert.ts";
import { FLEET_GROUP } from "../../core/base/ids.ts";
import type { Consequences } from "../../core/recover/assess.ts";
import { readCopy } from "../../core/recover/copy.ts";
import { diagnose } from "../../core/recover/diagnosis.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { readData } from "../../core/storage/read-stopped.ts";
import { removeRecoveryMark } from "../../core/storage/recovery-mark.ts";
import type { MemberRecord } from "../../core/wire/gen/fleet/v1/command.ts";
import { editFleetFile } from "../files/edit-fleet-file.ts";
import { leaveNode } from "../files/fleet-file.ts";
import { lockPath } from "../files/layout.ts";
import { type LocalFleet, loadLocalFleet } from "../files/local-fleet.ts";
import { stepsToGrow } from "../files/shared-process.ts";
import type { LocalDeps } from "../local/deps.ts";
import { setAside } from "../local/set-aside.ts";
import { serveLine } from "../member/serve-line.ts";
import { withLock } from "../processes/lock.ts";
import type { SupervisorDeps } from "../processes/supervisor.ts";
import type { KeptReport } from "./kept-revocations.ts";
import { lookAtFleet } from "./look.ts";
import type { RecoveryPlan } from "./plan.ts";
import { beginRecovery, rewriteFolder } from "./recover-folder.ts";
import { running } from "./refusals.ts";

export interface RecoveryReport {
  readonly dryRun: boolean;
  readonly node: string;
  readonly directory: string;
  readonly formerClusterId: string;
  readonly clusterId: string;
  /** The index where the new log begins. */
  readonly index: number;
  readonly term: number;
  /** Of the new incarnation; null = an earlier build started this recovery. */
  readonly epoch: number | null;
  readonly clockBehindMs: number;
  readonly backup: string;
  /** Null when an interrupted recovery was finished. */
  readonly revocations: KeptReport | null;
  /** Null when an interrupted recovery was finished: the first command has reported it. */
  readonly consequences: Consequences | null;
  /** Folders of nodes that were removed from the members. */
  readonly setAside: readonly string[];
  readonly next: readonly string[];
}

/** What the plan would do, as a report. */
export function recoveryPreview(plan: RecoveryPlan): RecoveryReport {
  const { node, directory, consequences, clockBehindMs, kept: revocations } = plan;
  const { formerClusterId, clusterId, index, term, epoch, backup } = plan.mark;
  const identity = { formerClusterId, clusterId, index, term, epoch, backup };
  const about = { dryRun: true, node, directory, consequences, clockBehindMs, revocations };
  return { ...identity, ...about, setAside: [], next: [] };
}

/**
 * Reduces a local fleet to a single node. Throws FLEET_RUNS, PLAN_STALE or FLEET_BUSY with nothing changed.
 */
export async function recoverLocalFleet(
  { directory }: LocalFleet,
  plan: RecoveryPlan,
  deps: SupervisorDeps & Pick<LocalDeps, "onProgress">,
  keys: OperatorKeys | null = null,
): Promise<RecoveryReport> {
  return withLock(lockPath(directory), deps, async () => {
    const fleet = await loadLocalFleet(directory);
    const { diagnosis } = diagnose((await lookAtFleet(fleet, deps.processes, keys)).places);
    if (diagnosis.verdict === "running") throw running(diagnosis);
    if (!plan.isResumed) await beginRecovery(plan.directory, plan.mark, keys);
    await rewriteFolder(plan.directory, plan.mark, deps.onProgress, keys);
    const others = fleet.file.nodes.filter((node) => node.name !== plan.node);
    const moved: string[] = [];
    for (const node of others) moved.push(await setAside(directory, node));
    await editFleetFile(directory, (text) => leaveNode(text, plan.node, plan.mark.clusterId));
    await removeRecoveryMark(plan.directory);
    const next = stepsToGrow(
      fleet,
      others.map(({ name }) => name),
    );
    return { ...recoveryPreview(plan), dryRun: false, setAside: moved, next };
  });
}

/**
 * Makes the folder of a node outside a local fleet the start of a new cluster. No folder knows its fleet's
 * name.
 */
export async function recoverFolder(
  plan: RecoveryPlan,
  onProgress: (step: string) => void,
  fleet = "NAME",
  keys: OperatorKeys | null = null,
): Promise<RecoveryReport> {
  if (!plan.isResumed) await beginRecovery(plan.directory, plan.mark, keys);
  await rewriteFolder(plan.directory, plan.mark, onProgress, keys);
  await removeRecoveryMark(plan.directory);
  const { clusterId, nodeId: id } = plan.mark;
  const { name = plan.node, address = "HOST:PORT" } = (await ownRow(plan, keys)) ?? {};
  const line = serveLine({ id, name, address, fleet, clusterId }, { members: [] }, keys !== null);
  const others =
    "on the other hosts move the data folders away, then: fleet member add NAME --address HOST:PORT";
  return {
    ...recoveryPreview(plan),
    dryRun: false,
    next: [line.replace("--data DIR", `--data ${plan.directory}`), others],
  };
}

async function ownRow(
  { directory, mark }: RecoveryPlan,
  keys: OperatorKeys | null,
): Promise<Readonly<MemberRecord> | undefined> {
  const { logs } = await readData(directory, keys);
  const log = present(logs.get(FLEET_GROUP), "a recovered folder holds the fleet's log");
  const read = readCopy(mark.nodeId, log, false);
  return read.ok ? read.copy.members.find((row) => row.nodeId === mark.nodeId) : undefined;
}
