// Opens the store of a place.

import { isAbsolute, resolve } from "node:path";
import { assert } from "../base/assert.ts";
import { DirectorySnapshotStore } from "./directory-store.ts";
import { isS3, parseS3Place, requirePlace } from "./place.ts";
import type { SnapshotStore } from "./snapshot-store.ts";

/**
 * The place with a folder's full path, so that it means the same in another working directory. Throws like
 * `openStore`.
 */
export function absolutePlace(given: string, directory: string): string {
  requirePlace(given);
  return isS3(given) ? given : resolve(directory, given);
}

/** Throws an OperatorError (usage) if this is not a place. Nothing is contacted yet. */
export async function openStore(place: string): Promise<SnapshotStore> {
  requirePlace(place);
  if (!isS3(place)) {
    assert(isAbsolute(place), "the caller has resolved the folder's path");
    return new DirectorySnapshotStore(place);
  }
  const at = parseS3Place(place);
  const { S3SnapshotStore } = await import("./s3-store.ts");
  return await S3SnapshotStore.open(place, at);
}
