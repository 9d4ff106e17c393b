// Restores into the data folder of a node that is not part of a local fleet. What must stay true: only the same command
// can finish a restore that was killed. The node's own user can write to the new files.

import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isAddress } from "../../core/base/address.ts";
import { ifNoPath } from "../../core/base/system-error.ts";
import { type RecoveryMark, readRecoveryMark } from "../../core/storage/recovery-mark.ts";
import type { Member } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import { RESUMED } from "../recover/plan.ts";
import { recoverFolder } from "../recover/recover-fleet.ts";
import { notTheOwner } from "../recover/refusals.ts";
import {
  checkFree,
  checkWritable,
  chooseNode,
  type Deps,
  orderOf,
  placeMarked,
  type RestoreReport,
  type RestoreWish,
  reportOf,
  sourceOf,
} from "./restore.ts";
import * as refuse from "./restore-refusals.ts";

export interface DataRestore {
  readonly data: string;
  /** The node's host:port; empty = unchanged. */
  readonly address: string;
}

interface Checked {
  readonly member: Pick<Member, "nodeId" | "name">;
  /** Of a restore that was started and not finished. */
  readonly mark: RecoveryMark | null;
}

/** Checked without changing anything: a dry run does the same. */
export async function checkData({ data, address }: DataRestore, wish: RestoreWish): Promise<Checked> {
  if (address !== "" && !isAddress(address)) throw refuse.badAddress(address);
  const member = chooseNode(wish, null);
  await checkFit(data);
  const mark = await readRecoveryMark(data);
  if (mark === null) {
    await checkFree(data);
    await checkWritable(dirname(data));
    return { member, mark };
  }
  const isSame = mark.backup === sourceOf(wish) && mark.nodeId === member.nodeId && mark.address === address;
  if (!isSame) throw refuse.otherUnfinished(member.name, mark.backup, `--data ${data}`);
  await checkWritable(data);
  return { member, mark };
}

/** Throws an OperatorError with nothing changed. */
export async function restoreData(
  restore: DataRestore,
  wish: RestoreWish,
  deps: Pick<Deps, "onProgress">,
): Promise<RestoreReport> {
  const { data, address } = restore;
  const { member, mark } = await checkData(restore, wish);
  const placed = mark ?? (await placeMarked(data, wish, orderOf(wish, member.nodeId, address)));
  const plan = { node: member.name, directory: data, mark: placed, ...RESUMED };
  const fleet = wish.snapshot.manifest.clusterName;
  return reportOf(
    wish,
    fleet,
    await recoverFolder(plan, deps.onProgress, fleet, wish.encryption?.keys ?? null),
  );
}

interface Seen {
  readonly uid: number;
  readonly dev: number;
}

/**
 * Why the user `uid` must not restore to a folder; `own` and `parent` describe it and its parent, and either
 * may be absent.
 */
export function misfit(
  own: Seen | null,
  parent: Seen | null,
  uid: number | undefined,
): "mount-point" | { readonly owner: number } | null {
  // The new folder beside it could not be renamed to its place.
  if (own !== null && own.dev !== parent?.dev) return "mount-point";
  const owner = (own ?? parent)?.uid ?? 0;
  // Root may write anywhere, but the folder's user could not use root's files.
  return uid === 0 && owner !== 0 ? { owner } : null;
}

async function checkFit(data: string): Promise<void> {
  const found = misfit(await look(data), await look(dirname(data)), process.getuid?.());
  if (found === "mount-point") throw refuse.mountPoint(data);
  if (found !== null) throw notTheOwner(data, found.owner, "snapshot restore");
}

async function look(path: string): Promise<Seen | null> {
  return await stat(path).catch(ifNoPath(null));
}
