// Loaded before the program (node --import) to break it at a named file operation. There it is killed as by kill -9,
// or finds its disk full, failing or slow. FLEET_TEST_FAULTS names the plan, a JSON file. It is read again at every
// operation, so a test can change it while the program runs. Production code holds no fault points: the operations of
// node:fs/promises are wrapped, and named for what they do: "after rename snapshot", "midway write frame:entry".

import fs from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { frameNames } from "./frame-names.ts";

export interface FaultPlan {
  /** "<before|midway|after> <operation> <what>" of the operation at which the process is killed. */
  readonly kill?: string;
  /** Operations that must have been seen, in this order, before `kill` counts. */
  readonly since?: readonly string[];
  /** The process is killed at the so-many-th moment of all: midway through or after any operation. */
  readonly killAt?: number;
  /** No file can be given content; what is preallocated can be written. */
  readonly full?: boolean;
  /** Syncs of the log fail. */
  readonly failingSync?: boolean;
  /** Every sync of the log takes so long, or until a later plan wants less. */
  readonly syncMs?: number;
  /** A file to which the name of every operation is appended. */
  readonly record?: string;
}

type Phase = "before" | "midway" | "after";

const { FLEET_TEST_FAULTS: planFile = "" } = process.env;
const real = { ...fs.promises };
const SECTOR_BYTES = 512;
const LOOK_EVERY_MS = 20;
let armed = { plan: "", steps: 0 };
let moments = 0;

/** Runs one file operation; `half` does the half of it that reaches the disk when the machine stops midway. */
async function perform<Result>(
  operation: string,
  names: readonly string[],
  work: () => Promise<Result>,
  half: (() => Promise<unknown>) | null = null,
): Promise<Result> {
  reach("before", operation, names);
  if (half !== null) {
    const isLast = moments + 1 === readPlan().plan.killAt;
    if (isLast || isPlanned("midway", operation, names)) await half();
    reach("midway", operation, names);
  }
  const result = await work();
  reach("after", operation, names);
  return result;
}

function reach(phase: Phase, operation: string, names: readonly string[]): void {
  const { record, killAt } = readPlan().plan;
  // Before an operation the files are as after the one before it.
  if (phase !== "before") moments += 1;
  if (phase !== "before" && moments === killAt) process.kill(process.pid, "SIGKILL");
  if (record !== undefined && phase === "after") {
    fs.appendFileSync(record, names.map((name) => `${operation} ${name}\n`).join(""));
  }
  if (isPlanned(phase, operation, names)) process.kill(process.pid, "SIGKILL");
  noteStep(phase, operation, names);
}

function isPlanned(phase: Phase, operation: string, names: readonly string[]): boolean {
  const { plan } = readPlan();
  const isArmed = armed.steps === (plan.since ?? []).length;
  return isArmed && names.some((name) => plan.kill === `${phase} ${operation} ${name}`);
}

function noteStep(phase: Phase, operation: string, names: readonly string[]): void {
  const next = readPlan().plan.since?.[armed.steps];
  if (names.some((name) => next === `${phase} ${operation} ${name}`)) armed.steps += 1;
}

function readPlan(): { readonly plan: FaultPlan } {
  const text = fs.existsSync(planFile) ? fs.readFileSync(planFile, "utf8") : "{}";
  if (text !== armed.plan) armed = { plan: text, steps: 0 };
  return { plan: JSON.parse(text) };
}

/** What kind of file it is; folders end in a slash. */
function kindOf(path: string): string {
  const name = basename(path);
  if (name === "wal" || name === "snap" || name === "data") return `${name}/`;
  const temporary = name.endsWith(".tmp") ? ".tmp" : "";
  if (/^\d{16}\.wal/.test(name)) return `segment${temporary}`;
  if (name.includes(".snap")) return `snapshot${temporary}`;
  if (name.startsWith("lock")) return `lock${temporary}`;
  return name;
}

/** A log opened to sync each write does so in two operations here, so that the moment between them can be met. */
async function openObserved(path: string, flags?: string | number): Promise<FileHandle> {
  const syncs = typeof flags === "number" && (flags & fs.constants.O_DSYNC) === fs.constants.O_DSYNC;
  return observe(await real.open(path, syncs ? flags & ~fs.constants.O_DSYNC : flags), path, syncs);
}

function observe(handle: FileHandle, path: string, syncsEachWrite: boolean): FileHandle {
  const kind = kindOf(path);
  const wrapped = {
    write: handle.write.bind(handle),
    writeFile: handle.writeFile.bind(handle),
    sync: handle.sync.bind(handle),
    datasync: handle.datasync.bind(handle),
  };
  let written: readonly string[] = [kind];
  const datasync = () =>
    perform("sync", written, async () => {
      await slowness();
      return isFailing() ? failed() : wrapped.datasync();
    });
  return Object.assign(handle, {
    async write(bytes: Uint8Array, offset: number, length: number, position: number) {
      written = frameNames(bytes, position);
      const whole = () => wrapped.write(bytes, offset, length, position);
      const half = () => wrapped.write(bytes, offset, wholeSectors(position, length), position);
      const result = await perform("write", written, whole, half);
      if (syncsEachWrite) await datasync();
      return result;
    },
    async writeFile(content: Content) {
      const bytes = await bytesOf(content);
      const half = () => wrapped.writeFile(bytes.subarray(0, bytes.length >> 1));
      return perform("fill", [kind], () => (isFull(path) ? noSpace() : wrapped.writeFile(bytes)), half);
    },
    sync: () => perform("sync", [kind], wrapped.sync),
    datasync,
  });
}

type Content = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** Parts may share one buffer, and are good until the next is asked for. */
async function bytesOf(content: Content): Promise<Uint8Array> {
  if (content instanceof Uint8Array) return content;
  const copies: Uint8Array[] = [];
  for await (const part of content) copies.push(part.slice());
  return Buffer.concat(copies);
}

/** How much of a write a machine that stops midway leaves behind: up to the sector's end nearest to the middle. */
function wholeSectors(position: number, length: number): number {
  const ends = Math.max(
    Math.floor((position + length / 2) / SECTOR_BYTES),
    Math.floor(position / SECTOR_BYTES) + 1,
  );
  const written = ends * SECTOR_BYTES - position;
  return written < length ? written : 0;
}

const isFull = (path: string): boolean => readPlan().plan.full === true && path.includes("/data/");
const isFailing = (): boolean => readPlan().plan.failingSync === true;

async function slowness(): Promise<void> {
  const startedMs = performance.now();
  const isOver = () => performance.now() - startedMs >= (readPlan().plan.syncMs ?? 0);
  while (!isOver()) await sleep(LOOK_EVERY_MS);
}

const noSpace = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" }));
const failed = (): Promise<never> =>
  Promise.reject(Object.assign(new Error("EIO: i/o error, fdatasync"), { code: "EIO" }));

Object.assign(fs.promises, {
  open: openObserved,
  rename: (from: string, to: string) => perform("rename", [kindOf(to)], () => real.rename(from, to)),
  link: (from: string, to: string) => perform("link", [kindOf(to)], () => real.link(from, to)),
  rm: (path: string, options?: fs.RmOptions) =>
    perform("remove", [kindOf(path)], () => real.rm(path, options)),
  writeFile: (path: string, content: string) =>
    perform("fill", [kindOf(path)], () => (isFull(path) ? noSpace() : real.writeFile(path, content))),
});
syncBuiltinESMExports();
