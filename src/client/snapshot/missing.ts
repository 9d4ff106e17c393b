// Which entries were written after a snapshot was exported, and so are not in it. Old data folders show where
// the log ended; without any of them it is unknown.

import { resolve } from "node:path";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { FLEET_GROUP, type LogIndex, logIndex } from "../../core/base/ids.ts";
import type { IndexRange } from "../../core/recover/assess.ts";
import { type Copy, readCopy } from "../../core/recover/copy.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { readStopped } from "../../core/storage/read-stopped.ts";
import type { SnapshotManifest } from "../../core/wire/gen/fleet/v1/coordinator.ts";

export interface ComparedFolder {
  readonly directory: string;
  readonly copy: Copy;
}

/** Throws an OperatorError for a folder that can't be read, or that belongs to another cluster. */
export async function compareFolders(
  directories: readonly string[],
  { clusterId }: SnapshotManifest,
  keys: OperatorKeys | null = null,
): Promise<readonly ComparedFolder[]> {
  return await Promise.all(
    directories.map(async (given) => {
      const directory = resolve(given);
      const { identity, logs, isAmnesiac } = await readStopped(directory, keys);
      if (identity.clusterId !== clusterId)
        throw incomparable(directory, `it is of cluster ${identity.clusterId}, the snapshot of ${clusterId}`);
      const log = logs.get(FLEET_GROUP);
      if (log === undefined) throw incomparable(directory, "it holds no log");
      const read = readCopy(identity.nodeId, log, isAmnesiac);
      if (!read.ok) throw incomparable(directory, read.problem);
      return { directory, copy: read.copy };
    }),
  );
}

/** Null when the old folders show that nothing is missing. Without an end the last index is unknown. */
export function missingRange(
  { index }: Pick<SnapshotManifest, "index">,
  compared: readonly ComparedFolder[],
): IndexRange | null {
  const fromIndex = logIndex(index + 1);
  if (compared.length === 0) return { fromIndex, throughIndex: null };
  const last = Math.max(...compared.map(({ copy }) => copy.last.index));
  const throughIndex: LogIndex = logIndex(last);
  return throughIndex < fromIndex ? null : { fromIndex, throughIndex };
}

function incomparable(directory: string, why: string): OperatorError {
  return new OperatorError("NOT_COMPARABLE", {
    what: `${directory} can't be compared with the snapshot`,
    why,
    next: "give data folders of the lost nodes, or leave --compare out",
    exit: Exit.Precondition,
  });
}
