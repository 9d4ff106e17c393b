// Chooses the store: the named one, or the one to which the local fleet's leader exports.

import { open, stat } from "node:fs/promises";
import { isAbsolute } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shellWord } from "../../core/base/shell-word.ts";
import { isErrno } from "../../core/base/system-error.ts";
import { absolutePlace, openStore } from "../../core/export/open-store.ts";
import { isS3, requirePlace } from "../../core/export/place.ts";
import type { SnapshotStore } from "../../core/export/snapshot-store.ts";
import { isBundle } from "../bundle/bundle-file.ts";
import { findLocalFleet } from "../files/local-fleet.ts";

/**
 * `flag` is named in the advice; `directory` is the fleet's, if it is a local one. Throws an OperatorError
 * when no place is named, or an invalid one. A folder that does not exist is never read: a place for writing
 * is created, and the one in fleet.yaml with the first export.
 */
export async function storeOf(
  given: string | undefined,
  flag: "--to" | "--from",
  directory: string | null,
): Promise<SnapshotStore> {
  if (given !== undefined) {
    const place = absolutePlace(given, process.cwd());
    if (flag === "--from" && !isS3(place)) await requireFolder(place);
    return await openStore(place);
  }
  const fleet = directory === null ? null : await findLocalFleet(directory);
  const recorded = fleet?.file.snapshots?.to;
  if (recorded === undefined) throw unnamed("no location of snapshots is known", flag);
  requirePlace(recorded);
  if (!isS3(recorded) && !isAbsolute(recorded)) throw relative(recorded, flag);
  return await openStore(recorded);
}

// For the store a typo looks like a place without snapshots. A missing bucket causes an error of its own, and
// the store reports other problems of a folder.
async function requireFolder(place: string): Promise<void> {
  if (await isBundleFile(place)) {
    throw new OperatorError("NOT_IN_BUNDLE", {
      what: `${place} is a bundle: it has no exported snapshots`,
      why: "they are in a folder or a bucket, and too large for a bundle",
      next: `name a folder or s3://bucket/prefix; the last export: fleet status -o wide --from ${shellWord(place)}`,
      exit: Exit.NotFound,
    });
  }
  const isThere = await stat(place).then(
    (about) => about.isDirectory(),
    (error: unknown) => !isErrno(error, "ENOENT", "ENOTDIR"),
  );
  if (isThere) return;
  throw new OperatorError("FOLDER_NOT_FOUND", {
    what: `there is no folder ${place}`,
    next: "correct --from, or mount its disk",
    exit: Exit.NotFound,
  });
}

/** Other files, and what cannot be read, are no bundle. */
async function isBundleFile(place: string): Promise<boolean> {
  const bytes = await readHead(place, 2).catch(() => null);
  return bytes !== null && isBundle(bytes);
}

async function readHead(path: string, bytes: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

// Each node resolves it from its own folder, so it would mean a different place on each.
function relative(place: string, flag: string): OperatorError {
  return new OperatorError("CONFIG_INVALID", {
    what: `snapshots.to in fleet.yaml is a relative path: ${place}`,
    why: "each leader exports to a folder of that name inside its own data folder",
    next: `write an absolute path there, then fleet down and fleet up; or name one of those folders with ${flag}`,
    exit: Exit.NotFound,
  });
}

function unnamed(what: string, flag: string): OperatorError {
  return new OperatorError("USAGE", {
    what,
    why: "fleet.yaml names none either",
    next: `name a folder or s3://bucket/prefix with ${flag}`,
    exit: Exit.Usage,
  });
}
