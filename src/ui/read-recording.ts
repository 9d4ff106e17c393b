// Reads a recording of the dashboard. What must stay true: a file that ends early is played up to its end. Any other file
// that is not a recording is refused with a reason. A file that is too large is refused before it fills the memory.

import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { constants, createGunzip } from "node:zlib";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { systemCodeOf } from "../core/base/system-error.ts";
import type { DataEvent } from "./model/top/state.ts";
import { RECORDING_KIND, RECORDING_VERSION, type RecordingHead } from "./top-recorder.ts";

const TEXT_MAX = 1024 * 1024 * 1024;
const KINDS: readonly unknown[] = ["fleet", "list", "problem"];

/** An event as its line: parsed when it is played, since an hour of them is tens of megabytes. */
export interface RecordedEvent {
  readonly atMs: number;
  readonly text: string;
}

export interface Recording {
  readonly head: RecordingHead;
  readonly events: readonly RecordedEvent[];
  readonly lengthMs: number;
  /** The file ends before the recording does. */
  readonly isCut: boolean;
}

/** Of a whole gzip file the last bytes are the length of its content (RFC 1952, ISIZE). */
const TRAILER_BYTES = 4;

/** A line that was cut off has no end. */
const LINE = /^\{"t":(\d+),.*\}\}$/;

export async function readRecording(path: string): Promise<Recording> {
  const lines: string[] = [];
  let length = 0;
  let contentBytes = 0;
  let trailer = Buffer.alloc(0);
  try {
    const bytes = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH });
    const file = path === "-" ? process.stdin : createReadStream(path);
    file.on("error", (error: Error) => bytes.destroy(error));
    file.on("data", (chunk: Buffer) => {
      trailer = Buffer.from(
        Buffer.concat([trailer, chunk.subarray(-TRAILER_BYTES)]).subarray(-TRAILER_BYTES),
      );
    });
    bytes.on("data", (chunk: Buffer) => {
      contentBytes += chunk.length;
    });
    file.pipe(bytes);
    for await (const line of createInterface({ input: bytes, crlfDelay: Number.POSITIVE_INFINITY })) {
      length += line.length;
      if (length > TEXT_MAX) throw invalid(path, "it is larger than 1 GiB");
      lines.push(line);
    }
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    throw invalid(path, `it cannot be read (${systemCodeOf(error) ?? "it is damaged"})`);
  }
  const head = headOf(path, lines[0]);
  const events = lines.slice(1).flatMap((text): RecordedEvent[] => {
    const atMs = LINE.exec(text)?.[1];
    return atMs === undefined ? [] : [{ atMs: Number(atMs), text }];
  });
  const isCut = trailer.length < TRAILER_BYTES || trailer.readUInt32LE() !== contentBytes % 2 ** 32;
  return { head, events, lengthMs: events.at(-1)?.atMs ?? 0, isCut };
}

/** Throws an OperatorError for a line that was edited. */
export function parseEvent(path: string, { text }: RecordedEvent): DataEvent {
  const event = parsed(text)?.["event"] as Readonly<Record<string, unknown>> | undefined;
  if (!KINDS.includes(event?.["kind"])) throw invalid(path, "a line of it is no event");
  return event as unknown as DataEvent;
}

function headOf(path: string, line: string | undefined): RecordingHead {
  const head = parsed(line ?? "");
  if (head?.["kind"] !== RECORDING_KIND) throw invalid(path, "its first line is not that of a recording");
  if (head["schemaVersion"] !== RECORDING_VERSION)
    throw invalid(
      path,
      `it is of version ${String(head["schemaVersion"])}, and this program plays ${RECORDING_VERSION}`,
    );
  if (typeof head["atMs"] !== "number") throw invalid(path, "it does not say when it began");
  return head as unknown as RecordingHead;
}

function parsed(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function invalid(path: string, why: string): OperatorError {
  return new OperatorError("RECORDING_INVALID", {
    what: `${path} cannot be played`,
    why,
    next: "recordings are made with: fleet top --record FILE",
    exit: Exit.NotFound,
  });
}
