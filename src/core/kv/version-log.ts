// The segments of the history, in order. A version is found by its id. Compacting is lazy: versions that no read can see
// stay until their segment is rewritten. So each pass over versions leaves those out.
//
// A key may have very many versions. So each also jumps to one further back, and an earlier version is found in steps that
// grow with the logarithm of their number. A version jumps over two jumps of equal length, or else to the version before
// it (Myers, "An applicative random-access stack", 1983).

import { assert } from "../base/assert.ts";
import type { KeyValue } from "../wire/gen/etcd/mvccpb/kv.ts";
import { lastAtMost } from "./key-bytes.ts";
import { BYTES_MAX, type Links, Segment, VERSIONS_MAX, type VersionId } from "./segment.ts";

export const NO_VERSION: VersionId = -1;

/** A segment is rewritten when this part of its versions is over. */
const OVER_PART = 1 / 3;

export class VersionLog {
  readonly #segments: Segment[] = [new Segment(0, false)];
  /** Of each segment. */
  readonly #firstIds: number[] = [0];
  #nextId = 0;
  #lastRevision = 0;
  /** Where the last version was found; its segment. */
  #found: Segment = this.#segments[0] as Segment;
  /** Which segment the sweep looks at next, and how many it has not looked at since the last compaction. */
  #sweepAt = 0;
  #unswept = 0;

  append(kv: KeyValue, sub: number, before: VersionId, hash: number): VersionId {
    assert(kv.modRevision >= this.#lastRevision, "revisions never go back");
    this.#lastRevision = kv.modRevision;
    const id = this.#nextId;
    const links = this.#linksAfter(before);
    let last = this.#segments.at(-1) as Segment;
    if (last.isFullFor(kv.key.length + kv.value.length)) {
      last = new Segment(id, true);
      this.#segments.push(last);
      this.#firstIds.push(id);
    }
    last.append(kv, sub, links, hash);
    this.#nextId += 1;
    return id;
  }

  /** The place of a version in `segment`; -1 if a compaction dropped it. */
  slotOf(id: VersionId): number {
    const found = this.#found.slotOf(id);
    if (found >= 0) return found;
    if (id < 0) return -1;
    this.#found = this.#segments[lastAtMost(this.#firstIds, id)] ?? this.#found;
    return this.#found.slotOf(id);
  }

  /** The place of the version that was current at a revision, of the key whose newest version is given; -1: it did not exist. */
  slotAt(newest: VersionId, revision: number): number {
    let slot = this.slotOf(newest);
    while (slot >= 0 && this.#found.modRevision(slot) > revision) {
      const before = this.#found.before(slot);
      // What a compaction dropped is not after the revision.
      slot = this.slotOf(this.#found.jump(slot));
      if (slot < 0 || this.#found.modRevision(slot) <= revision) slot = this.slotOf(before);
    }
    return slot;
  }

  /** Where `slotOf` looked last. */
  get segment(): Segment {
    return this.#found;
  }

  #linksAfter(before: VersionId): Links {
    const slot = this.slotOf(before);
    if (slot < 0) return { before, jump: NO_VERSION, span: 0 };
    const span = this.#found.span(slot);
    const far = this.slotOf(this.#found.jump(slot));
    if (far < 0 || this.#found.span(far) !== span) return { before, jump: before, span: 1 };
    return { before, jump: this.#found.jump(far), span: 2 * span + 1 };
  }

  /** Begins to free what is over at this revision; `sweep` does it. */
  beginSweep(): void {
    this.#unswept = this.#segments.length;
  }

  /** Looks at one segment. `dropped` learns of deletions that are over. */
  sweep(compacted: number, dropped: (segment: Segment, slot: number) => void): void {
    if (this.#unswept === 0) return;
    this.#unswept -= 1;
    const at = this.#sweepAt;
    this.#sweepAt = at < this.#segments.length - 1 ? at + 1 : 0;
    // Versions are still added to the last segment.
    if (at >= this.#segments.length - 1) return;
    const segment = this.#segments[at] as Segment;
    const over = segment.countOver(compacted);
    const left = segment.count - over;
    const previous = this.#segments[at - 1];
    const isSmall = previous !== undefined && fitTogether(previous, segment);
    if (over < segment.count * OVER_PART && !isSmall) return;
    const parts = isSmall ? [previous, segment] : [segment];
    for (const part of parts) tellDropped(part, compacted, dropped);
    const joined = left === 0 && !isSmall ? null : Segment.joined(parts, compacted);
    const from = isSmall ? at - 1 : at;
    this.#segments.splice(from, parts.length, ...(joined === null ? [] : [joined]));
    this.#firstIds.splice(from, parts.length, ...(joined === null ? [] : [joined.firstId]));
    this.#sweepAt = from + (joined === null ? 0 : 1);
    this.#found = this.#segments[0] as Segment;
  }

  get reservedBytes(): number {
    let sum = 0;
    for (const { reservedBytes } of this.#segments) sum += reservedBytes;
    return sum;
  }

  /** The segments of now, and how many versions of the last one. */
  capture(): { readonly segments: readonly Segment[]; readonly lastCount: number } {
    return { segments: [...this.#segments], lastCount: (this.#segments.at(-1) as Segment).count };
  }

  /** Where the first version at or after `id` is; null if all are before it. */
  placeFrom(id: VersionId): { readonly segment: Segment; readonly slot: number } | null {
    for (let at = Math.max(lastAtMost(this.#firstIds, id), 0); at < this.#segments.length; at += 1) {
      const segment = this.#segments[at] as Segment;
      const slot = segment.slotFrom(id);
      if (slot < segment.count) return { segment, slot };
    }
    return null;
  }

  /** The first segment that may have versions of a revision's change `sub` or later. */
  firstSince(revision: number, sub = 0): number {
    let low = 0;
    let high = this.#segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const segment = this.#segments[middle] as Segment;
      if (segment.count > 0 && segment.isBefore(segment.count - 1, revision, sub)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function fitTogether(first: Segment, second: Segment): boolean {
  const isNear = second.idAt(second.count - 1) - first.firstId <= Segment.IDS_MAX;
  const fewBytes = first.bytesUsed + second.bytesUsed <= BYTES_MAX / 2;
  return isNear && fewBytes && first.count + second.count <= VERSIONS_MAX / 2;
}

function tellDropped(
  segment: Segment,
  compacted: number,
  dropped: (segment: Segment, slot: number) => void,
): void {
  for (let slot = 0; slot < segment.count; slot += 1) {
    if (segment.isTombstone(slot) && segment.isOver(slot, compacted)) dropped(segment, slot);
  }
}
