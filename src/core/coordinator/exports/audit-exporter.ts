// Keeps the audit log permanently. The leader writes older entries to files in its data folder. Once they are durable,
// it notes that in the log, which may then trim them. Every leader writes its own files, so a fleet's files are spread
// over its nodes. Around a failover, the files of two nodes may have the same entry. What must stay true: the marker in
// the log never passes an entry that is not on a disk, and no file is overwritten. Deliberately absent: removing files.
// They belong to the operator.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isBug } from "../../base/assert.ts";
import { createDirectoryDurably, syncDirectory, writeFileDurably } from "../../base/durable-file.ts";
import { messageOf } from "../../base/errors.ts";
import type { Log } from "../../base/log.ts";
import { ifAbsent } from "../../base/system-error.ts";
import type { Timers } from "../../base/timers.ts";
import { auditExportOf } from "../../fleet/audit/audit.ts";
import type { FleetView } from "../../fleet/state.ts";
import type { OperatorKeys } from "../../seal/operator-keys.ts";
import { openEntries, SEALED_SUFFIX, sealEntries } from "../../seal/sealed-entries.ts";
import type { InternalErrors } from "../../wire/server/internal-errors.ts";
import { type AuditFile, dueExport } from "./audit-export-plan.ts";

const LOOK_EVERY_MS = 1_000;

export interface AuditExporterOptions {
  /** Created when it is needed. */
  readonly directory: string;
  readonly entriesPerFile: number;
  /** Whether this replica leads and has room on its disk. */
  readonly mayExport: () => boolean;
  readonly view: () => FleetView;
  /**
   * Notes in the log that entries through this index are exported; rejects or resolves when that is settled.
   */
  readonly note: (throughIndex: number) => Promise<unknown>;
  /** The keys that encrypt the files, read again for each file; absent = they are plain. */
  readonly keys?: () => Promise<OperatorKeys | null>;
  readonly timers: Pick<Timers, "every">;
  readonly errors: Pick<InternalErrors, "note">;
  readonly log: Log;
}

export class AuditExporter {
  readonly #options: AuditExporterOptions;
  readonly #cancel: () => void;
  #isRunning = false;
  #lastFailure = "";

  constructor(options: AuditExporterOptions) {
    this.#options = options;
    this.#cancel = options.timers.every(LOOK_EVERY_MS, () => this.look());
  }

  /** Exports what is due, unless an export is running. */
  look(): void {
    if (this.#isRunning || !this.#options.mayExport()) return;
    this.#isRunning = true;
    void this.#exportDue()
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        this.#isRunning = false;
      });
  }

  /** A running export is left alone: its durable part is recognised later. */
  stop(): void {
    this.#cancel();
  }

  async #exportDue(): Promise<void> {
    const { view, entriesPerFile, mayExport, note, directory, log } = this.#options;
    for (let due = dueExport(view(), entriesPerFile); due !== null; due = dueExport(view(), entriesPerFile)) {
      if (!mayExport()) return;
      const keys = (await this.#options.keys?.()) ?? null;
      const kept = await keep(directory, due, keys);
      await note(due.through);
      // Not noted: leadership was lost, or there is no quorum. The next attempt uses the same file.
      if (auditExportOf(view()).throughIndex < due.through) return;
      this.#lastFailure = "";
      // A log that is stored elsewhere thereby has the chain's head (ADR-0029).
      const { entries, head } = due;
      log.info("exported audit entries", { file: kept, entries, head });
    }
  }

  // The export is retried every second; the same line each time would fill the log.
  #warn(error: unknown): void {
    const message = messageOf(error);
    if (message === this.#lastFailure) return;
    this.#lastFailure = message;
    if (isBug(error)) this.#options.errors.note(error, "an export of audit entries");
    this.#options.log.warn("the audit log cannot be exported; its entries wait in the log", {
      error: message,
    });
  }
}

// A newer build may use other words for the same entry (ADR-0015): the existing file stays.
function differInWordsOnly(there: Uint8Array, content: Uint8Array): boolean {
  const [left, right] = [wordless(there), wordless(content)];
  return left !== null && left === right;
}

/** The lines without their sentences; null if they are not export lines. */
function wordless(file: Uint8Array): string | null {
  try {
    const lines = new TextDecoder().decode(file).trimEnd().split("\n");
    return lines.map((line) => JSON.stringify({ ...JSON.parse(line), what: "" })).join("\n");
  } catch {
    return null;
  }
}

/**
 * The file, durable when it resolves; with keys it is encrypted. An existing file of that name must have the
 * same content, from an export whose note was lost.
 */
async function keep(
  directory: string,
  { name, content }: AuditFile,
  keys: OperatorKeys | null,
): Promise<string> {
  await createDirectoryDurably(directory);
  const path = join(directory, keys === null ? name : name + SEALED_SUFFIX);
  const there = await readFile(path).catch(ifAbsent(null));
  if (there === null) {
    await writeFileDurably(path, keys === null ? content : await sealEntries(content, keys));
    return path;
  }
  const opened = await openEntries(there, keys, path);
  const isSame =
    typeof opened !== "string" &&
    (Buffer.compare(opened.content, content) === 0 || differInWordsOnly(opened.content, content));
  if (!isSame) throw new Error(`${path} holds something else: move it away`);
  // The process that made it may have been killed before it synced the folder.
  await syncDirectory(directory);
  return path;
}
