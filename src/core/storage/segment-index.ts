// Which entries a segment holds, as far as its removal is concerned: the highest index of each group. Also
// which keys sealed its frames, as long as they are in the file.

import type { GroupId, LogIndex } from "../base/ids.ts";
import type { WalRecord } from "./record.ts";

export class SegmentIndex {
  readonly sequence: number;
  readonly #lastEntries = new Map<GroupId, LogIndex>();
  readonly #keyIds = new Set<number>();

  constructor(sequence: number) {
    this.sequence = sequence;
  }

  note(record: WalRecord): void {
    if (record.kind !== "entry") return;
    const { group, entry } = record;
    // A later, lower entry replaces a suffix, but the higher one is still in the segment.
    if (entry.index > (this.#lastEntries.get(group) ?? 0)) this.#lastEntries.set(group, entry.index);
  }

  noteKey(id: number): void {
    this.#keyIds.add(id);
  }

  /** Contains PLAIN_KEY_ID if a frame in this segment is not encrypted. */
  get keyIds(): ReadonlySet<number> {
    return this.#keyIds;
  }

  /** Whether every entry here is at or below what its group no longer needs. */
  isCovered(coveredIndex: (group: GroupId) => LogIndex): boolean {
    return this.uncovered(coveredIndex).length === 0;
  }

  /** The groups that still need entries here, each with the highest one's index. */
  uncovered(coveredIndex: (group: GroupId) => LogIndex): readonly (readonly [GroupId, LogIndex])[] {
    return [...this.#lastEntries].filter(([group, last]) => last > coveredIndex(group));
  }
}
