// Exported audit entries, read from files and from folders of them. Nothing is written.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { readExportLine } from "../../core/audit/export-line.ts";
import type { Findings } from "../../core/audit/finding.ts";
import type { ExportFile } from "../../core/audit/merge-files.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { openEntries } from "../../core/seal/sealed-entries.ts";

/** A thousand entries are half a megabyte. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
const EXPORT = /^audit-\d{16}-\d{16}\.jsonl(\.sealed)?$/;

/** Of a folder, its exports; a file, whatever its name. Throws `OperatorError` when there is nothing to read. */
export async function readExports(
  paths: readonly string[],
  findings: Findings,
  keys: OperatorKeys | null = null,
): Promise<ExportFile[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const read: ExportFile[] = [];
  for (const file of files) read.push(await readExport(file, findings, keys));
  return read;
}

async function filesAt(path: string): Promise<string[]> {
  const found = await stat(path).catch((error: unknown) => unreadable(path, error));
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXPORT.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new OperatorError("AUDIT_EXPORT_MISSING", {
    what: `${path} holds no exported audit entries`,
    why: "leaders write audit-FIRST-LAST.jsonl into audit/ of their data folders, a file for every 1 000 entries",
    next: "name the folder of a node that led, or several",
    exit: Exit.NotFound,
  });
}

async function readExport(name: string, findings: Findings, keys: OperatorKeys | null): Promise<ExportFile> {
  const { size } = await stat(name).catch((error: unknown) => unreadable(name, error));
  if (size > FILE_BYTES_MAX) {
    findings.add({
      problem: "malformed",
      index: null,
      where: name,
      expected: `at most ${FILE_BYTES_MAX} bytes`,
      found: `${size} bytes`,
    });
    return { name, links: [] };
  }
  const file = await readFile(name).catch((error: unknown) => unreadable(name, error));
  const opened = await openEntries(file, keys, name);
  if (typeof opened === "string") {
    findings.add({ problem: "malformed", index: null, where: name, expected: "an export", found: opened });
    return { name, links: [] };
  }
  const text = new TextDecoder().decode(opened.content);
  const lines = text.split("\n");
  // Each line ends, the last one, too.
  const cutOff = lines.pop() ?? "";
  if (cutOff !== "") lines.push(`${cutOff}…`);
  const links = lines.flatMap((line, at) => {
    const where = `${name}:${at + 1}`;
    const exported = readExportLine(line);
    if (exported !== null) return [{ ...exported, where }];
    findings.add({ problem: "malformed", index: null, where, expected: "a line of an export", found: "" });
    return [];
  });
  return { name, links };
}

function unreadable(path: string, error: unknown): never {
  throw new OperatorError("AUDIT_EXPORT_UNREADABLE", {
    what: `${path} can't be read`,
    why: error instanceof Error ? error.message : String(error),
    next: "name an exported file, or a folder of them",
    exit: Exit.NotFound,
    cause: error,
  });
}
