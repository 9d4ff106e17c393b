// Which store is meant: the one that was named, or the one that the local fleet's leader exports to.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { absolutePlace, openStore } from "../../core/export/open-store.ts";
import type { SnapshotStore } from "../../core/export/snapshot-store.ts";
import { findLocalFleet } from "../local/local-fleet.ts";

/** `flag` is the one to be advised. Throws an OperatorError when no place is named, or none that is one. */
export async function storeOf(
  given: string | undefined,
  flag: "--to" | "--from",
  directory: string,
): Promise<SnapshotStore> {
  if (given === "") throw unnamed(`${flag} is empty`, flag);
  if (given !== undefined) return await openStore(absolutePlace(given, process.cwd()));
  const recorded = (await findLocalFleet(directory))?.file.snapshots?.to;
  if (recorded === undefined) throw unnamed("no place for snapshots is named", flag);
  return await openStore(recorded);
}

function unnamed(what: string, flag: string): OperatorError {
  return new OperatorError("USAGE", {
    what,
    why: "fleet.yaml names none either",
    next: `name a folder or s3://bucket/prefix with ${flag}`,
    exit: Exit.Usage,
  });
}
