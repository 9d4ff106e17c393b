// The steps that undo a drill, on disk before each act, so that `fleet drill heal` can heal a drill that was
// killed. What must stay true: a step is durable here before its fault begins, and the file is removed only
// when everything is undone. Undoing twice changes nothing.

import { readdir, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { createDirectoryDurably, writeFileDurably } from "../../core/base/durable-file.ts";
import { ifNoPath, isErrno } from "../../core/base/system-error.ts";
import type { Target } from "../context/target.ts";
import { isAlive, type Processes, type ProcessIdentity } from "../processes/processes.ts";
import { drillsFolder, isJournal, JOURNAL_SUFFIX } from "./journal-folder.ts";

/** One step that undoes an act. */
export type Undo =
  | { readonly kind: "start"; readonly node: string }
  | { readonly kind: "resume"; readonly node: string }
  | { readonly kind: "clear-faults"; readonly node: string; readonly address: string }
  | { readonly kind: "discard"; readonly node: string }
  | { readonly kind: "unlock" };

export interface JournalEntry {
  readonly schemaVersion: 1;
  readonly drillId: string;
  readonly drill: string;
  readonly startedAt: string;
  /** The fleet's name as the operator uses it. */
  readonly fleet: string;
  /** The folder of a local fleet. */
  readonly directory?: string;
  readonly host: string;
  readonly process: ProcessIdentity;
  readonly undo: readonly Undo[];
  /** Another command tried to heal it once. It is left to `fleet drill heal` then. */
  readonly isTried?: boolean;
}

export class Journal {
  readonly #path: string;
  #entry: JournalEntry;

  private constructor(path: string, entry: JournalEntry) {
    this.#path = path;
    this.#entry = entry;
  }

  static async begin(folder: string, entry: Omit<JournalEntry, "undo" | "schemaVersion">): Promise<Journal> {
    await createDirectoryDurably(folder);
    const journal = new Journal(join(folder, `${entry.drillId}${JOURNAL_SUFFIX}`), {
      ...entry,
      ...{ schemaVersion: 1, undo: [] },
    });
    await journal.#write();
    return journal;
  }

  get undo(): readonly Undo[] {
    return this.#entry.undo;
  }

  /** Durable when it resolves. */
  async add(...undo: readonly Undo[]): Promise<void> {
    this.#entry = { ...this.#entry, undo: [...this.#entry.undo, ...undo] };
    await this.#write();
  }

  async end(): Promise<void> {
    await rm(this.#path, { force: true });
  }

  async #write(): Promise<void> {
    await write(this.#path, this.#entry);
  }
}

async function write(path: string, entry: JournalEntry): Promise<void> {
  await writeFileDurably(path, Buffer.from(`${JSON.stringify(entry, null, 2)}\n`));
}

/** Durable when it resolves: no other command tries to heal the drill. */
export async function markTried(path: string, entry: JournalEntry): Promise<void> {
  await write(path, { ...entry, isTried: true });
}

/** Null: it is gone, or cannot be read as a journal. */
export async function readJournal(path: string): Promise<JournalEntry | null> {
  return parseEntry(await readFile(path, "utf8").catch(() => ""));
}

export interface LeftBehind {
  readonly path: string;
  /** Null: the file can't be read as a journal. */
  readonly entry: JournalEntry | null;
  /** Whether this user may not read the file. Whether the drill still runs is not known then. */
  readonly isForbidden: boolean;
  /** Whether the drill's process still runs. */
  readonly isRunning: boolean;
  /** Whether it ran on this host: of another one, this host cannot tell whether it still runs. */
  readonly isHere: boolean;
}

/**
 * The journals of this fleet's drills in its folder, oldest first. Fleets elsewhere share the current folder, so
 * their journals may lie beside those of others.
 */
export async function journalsOf(
  { name, directory }: Pick<Target, "name" | "directory">,
  cwd: string,
  processes: Processes,
): Promise<readonly LeftBehind[]> {
  const found = await journalsIn(drillsFolder(directory, cwd), processes);
  return found.filter(({ entry }) => {
    if (entry === null) return true;
    return entry.directory === undefined ? entry.fleet === name : entry.directory === directory;
  });
}

/** All journals in the folder, oldest first. */
async function journalsIn(folder: string, processes: Processes): Promise<readonly LeftBehind[]> {
  const names = await readdir(folder).catch(ifNoPath([]));
  const paths = names
    .filter(isJournal)
    .sort()
    .map((name) => join(folder, name));
  return (await Promise.all(paths.map((path) => leftBehind(path, processes)))).flat();
}

/** Nothing when the drill has ended since the folder was read. */
async function leftBehind(path: string, processes: Processes): Promise<readonly LeftBehind[]> {
  let text = "";
  let isForbidden = false;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    isForbidden = isErrno(error, "EACCES", "EPERM");
  }
  const entry = parseEntry(text);
  const isRunning = entry !== null && (await isAlive(entry.process, processes));
  return [{ path, entry, isForbidden, isRunning, isHere: entry?.host === hostname() }];
}

const UNDO_KINDS: ReadonlySet<unknown> = new Set<Undo["kind"]>([
  ...(["start", "resume", "clear-faults", "discard", "unlock"] as const),
]);

function parseEntry(text: string): JournalEntry | null {
  try {
    const entry: JournalEntry = JSON.parse(text);
    const isWhole =
      entry.schemaVersion === 1 &&
      [entry.drillId, entry.drill, entry.startedAt, entry.fleet, entry.host].every(
        (field) => typeof field === "string",
      ) &&
      typeof entry.process.pid === "number" &&
      entry.undo.every(({ kind }) => UNDO_KINDS.has(kind));
    return isWhole ? entry : null;
  } catch {
    return null;
  }
}
