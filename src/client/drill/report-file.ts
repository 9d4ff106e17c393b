// Where a drill's report and its history are stored: in files that are never overwritten.

import { access, constants } from "node:fs/promises";
import { dirname, format, join, parse, resolve } from "node:path";
import { createDirectoryDurably } from "../../core/base/durable-file.ts";
import { printableJson } from "../../core/base/printable.ts";
import { ednOf } from "../../core/drill/edn.ts";
import { pageOf } from "../../core/drill/html-page.ts";
import { junitOf } from "../../core/drill/junit.ts";
import { formatHistory } from "../../core/drill/register-history.ts";
import type { DrillReport } from "../../core/drill/report.ts";
import type { SeriesReport } from "../../core/drill/series.ts";
import { unwritable, writeNewFileOrSay } from "../files/new-file.ts";
import { drillsFolder } from "./journal-folder.ts";
import type { DrillResult } from "./run-drill.ts";
import type { PlanReport } from "./run-plan.ts";

const SCHEMA_VERSION = 1;

/** The place of a report without a file name: beside the journals, never directly in the working folder. */
export async function defaultReport(directory: string | undefined, drill: string): Promise<string> {
  const folder = drillsFolder(directory, process.cwd());
  await createDirectoryDurably(folder);
  return join(folder, `${drill}-${new Date().toISOString().replace(/[:.]/g, "-")}.json`);
}

/**
 * To be called before a drill: its result must not be lost because of its file. Throws REPORT_NOT_WRITTEN.
 */
export async function assertWritable(path: string): Promise<void> {
  await access(dirname(resolve(path)), constants.W_OK).catch((cause: unknown) => {
    throw unwritable(notWritten(path), cause);
  });
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  if (isThere) {
    throw unwritable(notWritten(path), new Error("the file exists, and reports are never overwritten"));
  }
}

/** Throws REPORT_NOT_WRITTEN, also when the file is there already. */
export async function writeReport(
  path: string,
  report: DrillReport | SeriesReport | PlanReport,
): Promise<void> {
  await writeNew(
    path,
    `${printableJson(JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...report }, null, 2))}\n`,
  );
}

/** A file for the history of each of `runs`: history-1.jsonl, … when there are several. */
export function historyFiles(path: string, runs: number): readonly string[] {
  if (runs === 1) return [path];
  const { dir, name, ext } = parse(path);
  return Array.from({ length: runs }, (_, at) => format({ dir, name: `${name}-${at + 1}`, ext }));
}

/** Files of which each run has one: the history as JSON lines, and as EDN. Throws REPORT_NOT_WRITTEN. */
export async function writeHistories(
  { drillId, events }: DrillResult,
  files: { readonly histories: readonly string[]; readonly edns: readonly string[] },
  run: number,
): Promise<void> {
  const [history, edn] = [files.histories[run - 1], files.edns[run - 1]];
  if (history !== undefined) await writeNew(history, formatHistory(drillId, events));
  if (edn !== undefined) await writeNew(edn, ednOf(events));
}

/** The files for other readers than scripts; undefined = not wanted. */
export interface Renderings {
  readonly junit: string | undefined;
  readonly html: string | undefined;
  /** As the operator calls it. */
  readonly fleet: string;
}

/** Throws REPORT_NOT_WRITTEN. */
export async function writeRenderings(
  runs: readonly DrillReport[],
  { junit, html, fleet }: Renderings,
  title = `Drill ${runs[0]?.drill ?? ""}`,
): Promise<void> {
  if (junit !== undefined) await writeNew(junit, junitOf(runs));
  if (html !== undefined) await writeNew(html, pageOf(runs, { title, fleet }));
}

const writeNew = (path: string, text: string): Promise<void> =>
  writeNewFileOrSay(path, text, notWritten(path));

const notWritten = (path: string) => ({
  code: "REPORT_NOT_WRITTEN",
  what: `the drill's result cannot be written to ${path}`,
  next: "name another file with --report or --history",
});
