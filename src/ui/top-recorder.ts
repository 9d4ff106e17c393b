// Keeps what the dashboard was told in a file: gzip of JSON lines, a head and then one line an event. What must stay
// true: a recording that was cut off by a crash can be played as far as it goes. A full disk ends the recording, and
// not the dashboard.

import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { constants, createGzip, type Gzip } from "node:zlib";
import { Exit, OperatorError } from "../core/base/errors.ts";
import { isErrno, systemCodeOf } from "../core/base/system-error.ts";
import type { DataEvent } from "./model/top/state.ts";

export const RECORDING_KIND = "FleetTopRecording";
export const RECORDING_VERSION = 1;

/** The first line of a recording. */
export interface RecordingHead {
  readonly kind: typeof RECORDING_KIND;
  readonly schemaVersion: typeof RECORDING_VERSION;
  /** Of the program that wrote it. */
  readonly version: string;
  /** When it began, in milliseconds since 1970. */
  readonly atMs: number;
}

/** The nodes' words are kept once a second, and at once when who answers or who leads changes. */
const FLEET_EVERY_MS = 900;
const FLUSH_EVERY_MS = 2_000;
/** What waits for a slow disk; beyond that events are left out. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;

export class TopRecorder {
  readonly #gzip: Gzip;
  readonly #beganMs: number;
  readonly #ended: Promise<void>;
  #fleet = { key: "", atMs: Number.NEGATIVE_INFINITY };
  #flushedMs = 0;
  #hasFailed = false;

  private constructor(gzip: Gzip, beganMs: number, ended: Promise<void>) {
    this.#gzip = gzip;
    this.#beganMs = beganMs;
    this.#ended = ended;
  }

  /** Makes the file; `nowMs` is the clock of the events. Throws an OperatorError when it is there or cannot be made. */
  static async open(
    path: string,
    options: { readonly version: string; readonly atMs: number; readonly nowMs: number },
    onFailure: (message: string) => void,
  ): Promise<TopRecorder> {
    const file = await open(path, "wx", 0o600).catch((error: unknown) => {
      throw notMade(path, error);
    });
    const gzip = createGzip();
    const sink = createWriteStream(path, { fd: file });
    const ended = new Promise<void>((resolve) => sink.once("close", resolve));
    const recorder = new TopRecorder(gzip, options.nowMs, ended);
    sink.on("error", (error) => recorder.#fail(`the recording ended: ${error.message}`, onFailure));
    gzip.pipe(sink);
    const { version, atMs } = options;
    const head: RecordingHead = { kind: RECORDING_KIND, schemaVersion: RECORDING_VERSION, version, atMs };
    gzip.write(`${JSON.stringify(head)}\n`);
    return recorder;
  }

  note(event: DataEvent): void {
    if (this.#hasFailed || this.#gzip.writableLength > WAITING_BYTES_MAX) return;
    const atMs = Math.max(0, Math.round(event.atMs - this.#beganMs));
    if (event.kind === "fleet" && !this.#isDue(event, atMs)) return;
    this.#gzip.write(`${JSON.stringify({ t: atMs, event: { ...event, atMs } })}\n`);
    if (atMs - this.#flushedMs < FLUSH_EVERY_MS) return;
    this.#flushedMs = atMs;
    this.#gzip.flush(constants.Z_SYNC_FLUSH);
  }

  async close(): Promise<void> {
    this.#gzip.end();
    await this.#ended;
  }

  #isDue({ reply }: Extract<DataEvent, { kind: "fleet" }>, atMs: number): boolean {
    const key = `${reply.leader} ${reply.verdict} ${reply.nodes.map(({ name, reachable }) => `${name} ${reachable}`).join()}`;
    if (key === this.#fleet.key && atMs - this.#fleet.atMs < FLEET_EVERY_MS) return false;
    this.#fleet = { key, atMs };
    return true;
  }

  #fail(message: string, onFailure: (message: string) => void): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    onFailure(message);
  }
}

function notMade(path: string, error: unknown): OperatorError {
  const why = isErrno(error, "EEXIST")
    ? "there is a file of this name"
    : `the system says ${systemCodeOf(error) ?? String(error)}`;
  return new OperatorError("RECORDING_NOT_MADE", {
    what: `${path} cannot be made for a recording`,
    why,
    next: "name another file with --record",
    exit: Exit.NotFound,
  });
}
