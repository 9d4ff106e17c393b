// Removes log segments whose entries no group needs any more. What must stay true: the oldest is removed
// first, durably before the next one, and the newest stays. A gap in the middle would look like a lost
// segment. An older segment that outlived a newer one would bring replaced entries back.

import type { FileSystem } from "../base/file-system.ts";
import type { GroupId, LogIndex } from "../base/ids.ts";
import type { OnReport } from "./report.ts";
import { segmentPath } from "./segment.ts";
import type { SegmentIndex } from "./segment-index.ts";

/** `segments` ascend, and the last one holds a durable frame. A failure is reported: the next call tries again. */
export async function removeCoveredSegments(
  directory: string,
  segments: readonly SegmentIndex[],
  coveredIndex: (group: GroupId) => LogIndex,
  files: FileSystem,
  onReport: OnReport,
): Promise<ReadonlySet<SegmentIndex>> {
  const removed = new Set<SegmentIndex>();
  try {
    for (const segment of segments.slice(0, -1)) {
      if (!segment.isCovered(coveredIndex)) break;
      await files.remove(segmentPath(directory, segment.sequence));
      removed.add(segment);
      await files.syncDirectory(directory);
    }
  } catch (cause) {
    onReport({ kind: "cleanup-failed", directory, cause });
  }
  return removed;
}
