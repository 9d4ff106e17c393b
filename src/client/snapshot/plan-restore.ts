// Where a snapshot will be restored and whether that is allowed, checked before the operator is asked.
// Nothing is written here.

import { isName } from "../../core/base/ids.ts";
import { REASON_BYTES_MAX } from "../../core/recover/new-beginning.ts";
import { inspectFolder, requireRoomFor } from "../files/fleet-folder.ts";
import { badFleetName } from "../files/fleet-name.ts";
import { processFiles } from "../files/layout.ts";
import type { LocalDeps } from "../local/deps.ts";
import { reasonTooLong } from "../recover/refusals.ts";
import {
  checkFleet,
  chooseNode,
  type RestoreReport,
  type RestoreWish,
  restoreIntoFleet,
  restoreNewFleet,
  restorePreview,
} from "./restore.ts";
import { checkData, type DataRestore, restoreData } from "./restore-data.ts";
import { nameIsGiven } from "./restore-refusals.ts";

type Where = { readonly directory: string; readonly name: string | undefined } | DataRestore;

export interface RestorePlan {
  readonly preview: RestoreReport;
  perform(): Promise<RestoreReport>;
}

/** Throws an OperatorError when the snapshot can't be restored there. */
export async function planRestore(wish: RestoreWish, where: Where, deps: LocalDeps): Promise<RestorePlan> {
  if (new TextEncoder().encode(wish.reason).length > REASON_BYTES_MAX) throw reasonTooLong(REASON_BYTES_MAX);
  const { clusterName } = wish.snapshot.manifest;
  if ("data" in where) {
    const { member } = await checkData(where, wish);
    return {
      preview: restorePreview(wish, clusterName, member.name, where.data),
      perform: () => restoreData(where, wish, deps),
    };
  }
  const found = await inspectFolder(where.directory);
  if (found.kind === "fleet") {
    const { fleet } = found;
    if (where.name !== undefined && where.name !== fleet.file.name) throw nameIsGiven(fleet.file.name);
    const { member, data } = await checkFleet(fleet, wish, deps);
    return {
      preview: restorePreview(wish, fleet.file.name, member.name, data),
      perform: () => restoreIntoFleet(fleet, wish, deps),
    };
  }
  const name = where.name ?? clusterName;
  if (!isName(name)) throw badFleetName(name);
  const node = chooseNode(wish, null).name;
  await requireRoomFor(found.directory);
  return {
    preview: restorePreview(wish, name, node, processFiles(found.directory, node).data),
    perform: () => restoreNewFleet(found.directory, name, wish, deps),
  };
}
