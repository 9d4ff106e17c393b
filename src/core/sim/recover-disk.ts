// Reads a virtual disk back as the real recovery does its folder: a torn tail is cut, everything else that is wrong
// is refused. The disk damages nothing that was synced, so a refusal here is a bug of the format or of its writer.

import { FLEET_GROUP, type LogIndex, logIndex } from "../base/ids.ts";
import { decodePayload, findLaterFrame, readFrame } from "../storage/frame.ts";
import { MemoryLog } from "../storage/memory.ts";
import { GroupReplay, type ReplayedGroup } from "../storage/replay.ts";
import { SegmentIndex } from "../storage/segment-index.ts";
import { decodeSnapshot, parseSnapshotFileName, snapshotFileName } from "../storage/snapshot-file.ts";
import { check, SafetyViolation } from "./violation.ts";
import type { VirtualDisk } from "./virtual-disk.ts";

export interface RecoveredDisk {
  readonly log: MemoryLog;
  readonly replayed: ReplayedGroup;
  readonly segments: readonly SegmentIndex[];
  /** Where the next frame goes in the last segment. */
  readonly end: number;
  readonly nextFrame: number;
}

const PROPERTY = "recovery";

export function recoverDisk(disk: VirtualDisk): RecoveredDisk {
  const replay = new GroupReplay();
  const segments: SegmentIndex[] = [];
  let lastFrame: number | null = null;
  let end = 0;
  for (const [position, { sequence, bytes }] of disk.segments.entries()) {
    const index = new SegmentIndex(sequence);
    let offset = 0;
    let read = readFrame(bytes, offset);
    for (; read.kind === "frame"; read = readFrame(bytes, offset)) {
      const { sequence: frame } = read;
      check(
        frame === (lastFrame ?? frame - 1) + 1,
        PROPERTY,
        () => `frame ${frame} stands behind ${lastFrame}`,
      );
      for (const record of decodePayload(read.payload)) {
        index.note(record);
        replay.apply(record);
      }
      lastFrame = frame;
      offset = read.end;
    }
    if (offset > 0 || segments.length === 0) {
      segments.push(index);
      end = offset;
    }
    if (read.kind === "end") continue;
    const { claim, isTorn } = read;
    const isTail = findLaterFrame(bytes, offset, lastFrame) === null && position >= disk.segments.length - 1;
    check(isTorn && isTail, PROPERTY, () => `the frame at ${sequence}:${offset} can't be read: ${claim}`);
    disk.cut(position, offset);
    break;
  }
  disk.dropSegmentsBehind(segments.length);
  const replayed = replay.finish();
  return { log: logOf(disk, replayed), replayed, segments, end, nextFrame: (lastFrame ?? 0) + 1 };
}

function logOf(disk: VirtualDisk, { mark, entries, hardState }: ReplayedGroup): MemoryLog {
  const log = new MemoryLog();
  if (mark !== null) {
    const name = { group: FLEET_GROUP, term: mark.term, index: mark.index };
    const bytes = disk.file(snapshotFileName(name));
    check(bytes !== undefined, PROPERTY, () => `the marked snapshot ${mark.index} is missing`);
    const snapshot = decodeSnapshot(bytes, name);
    if (typeof snapshot === "string")
      throw new SafetyViolation(PROPERTY, `snapshot ${mark.index}: ${snapshot}`);
    log.applySnapshot(snapshot);
  }
  removeFilesAbove(disk, mark?.index ?? logIndex(0));
  log.append(entries);
  if (hardState !== null) log.setHardState(hardState);
  return log;
}

// Left by a crash before their mark was durable.
function removeFilesAbove(disk: VirtualDisk, marked: LogIndex): void {
  for (const name of disk.fileNames()) {
    if ((parseSnapshotFileName(name)?.index ?? 0) > marked) disk.removeFile(name);
  }
}
