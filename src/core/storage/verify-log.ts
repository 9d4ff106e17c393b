// The offline check of the write-ahead log. It first checks every segment alone, so that all damage is
// listed. Then it checks the whole log by the recovery that a start runs, on files that can't be written.
// What must stay true: data that recovery refuses counts as damaged here, and a torn tail is only torn if
// recovery says so.

import { readdir, readFile, stat } from "node:fs/promises";
import { diskFiles } from "../base/disk-files.ts";
import type { FileSystem } from "../base/file-system.ts";
import type { GroupId } from "../base/ids.ts";
import { ifAbsent } from "../base/system-error.ts";
import { readFrame } from "./frame.ts";
import type { FrameReader } from "./frame-seal.ts";
import type { SnapshotMark } from "./record.ts";
import { recoverWal } from "./recovery.ts";
import type { StorageReport } from "./report.ts";
import { listSegments, type SegmentSize, segmentPath, shortnessOf } from "./segment.ts";
import { REJOIN_ADVICE, StorageCorrupt } from "./storage-errors.ts";
import { damaged, type VerifiedFile } from "./verified-file.ts";

/** Each group's newest snapshot mark; null when the log is too damaged to tell. */
export type Marks = ReadonlyMap<GroupId, SnapshotMark> | null;

export const LOG_MISSING = "the log is missing";

interface VerifiedLog {
  readonly files: readonly VerifiedFile[];
  readonly marks: Marks;
}

export async function verifyLog(
  directory: string,
  size: SegmentSize,
  frames: FrameReader,
): Promise<VerifiedLog> {
  if (!(await isFolder(directory))) {
    return { files: [damaged(directory, 0, LOG_MISSING, REJOIN_ADVICE)], marks: null };
  }
  const segments = await Promise.all(
    (await listSegments(directory, diskFiles)).map((sequence) =>
      verifySegment(directory, sequence, size, frames),
    ),
  );
  const whole = await verifyWhole(directory, size, frames);
  const judged = segments.map((file) => whole.findings.find((finding) => finding.file === file.file) ?? file);
  const others = whole.findings.filter(({ file }) => !segments.some((segment) => segment.file === file));
  return { files: [...judged, ...others], marks: whole.marks };
}

async function verifySegment(
  directory: string,
  segment: number,
  size: SegmentSize,
  reader: FrameReader,
): Promise<VerifiedFile> {
  const file = segmentPath(directory, segment);
  const bytes = await readFile(file);
  const shortness = shortnessOf(bytes.length, size);
  if (shortness !== null) return damaged(file, bytes.length, shortness, REJOIN_ADVICE);
  const frames: number[] = [];
  for (let offset = 0; ; ) {
    const read = readFrame(bytes, offset);
    switch (read.kind) {
      case "frame": {
        const records = reader.read({ segment, offset, sequence: read.sequence }, read);
        if (typeof records === "string")
          return damaged(file, offset, `of the frame there: ${records}`, REJOIN_ADVICE);
        frames.push(read.sequence);
        offset = read.end;
        break;
      }
      case "end":
        return { file, state: "ok", offset: null, found: describeFrames(frames), next: null };
      case "invalid":
        return damaged(file, offset, `the frame there can't be read: ${read.claim}`, REJOIN_ADVICE);
    }
  }
}

function describeFrames(frames: readonly number[]): string {
  const [first] = frames;
  return first === undefined ? "prepared, nothing written yet" : `frames ${first} to ${frames.at(-1)}`;
}

async function verifyWhole(
  directory: string,
  size: SegmentSize,
  frames: FrameReader,
): Promise<{ readonly findings: readonly VerifiedFile[]; readonly marks: Marks }> {
  const reports: StorageReport[] = [];
  try {
    const onReport = (report: StorageReport) => reports.push(report);
    const recovered = await recoverWal(directory, size, unwritableFiles, onReport, frames);
    const marks = [...recovered.groups].flatMap(([group, { mark }]) =>
      mark ? [[group, mark] as const] : [],
    );
    return { findings: reports.flatMap(tornTail), marks: new Map(marks) };
  } catch (error) {
    if (!(error instanceof StorageCorrupt)) throw error;
    return { findings: [damaged(error.file, error.offset, error.why, REJOIN_ADVICE)], marks: null };
  }
}

function tornTail(report: StorageReport): VerifiedFile[] {
  if (report.kind !== "torn-tail-cut") return [];
  const { file, offset, claim } = report;
  const found = `a crash cut off the last frame (${claim}), which was never acknowledged`;
  return [{ file, state: "torn", offset, found, next: "nothing: the next start cuts it away" }];
}

/** For recovery, which writes its newest frame again and cuts torn tails: here both do nothing. */
export const unwritableFiles: FileSystem = {
  ...diskFiles,
  openSynced: async () => ({ write: () => Promise.resolve(), close: () => Promise.resolve() }),
};

export async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then((about) => about.isDirectory(), ifAbsent(false));
}

/** Empty when there is no such folder. */
export async function namesIn(directory: string): Promise<string[]> {
  return (await readdir(directory).catch(ifAbsent([]))).sort();
}
