// Reads exported audit entries from files and from folders of them. Nothing is written.

import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type ExportedEntry, readExportLine } from "../../core/audit/export-line.ts";
import type { Findings } from "../../core/audit/finding.ts";
import type { ExportFile } from "../../core/audit/merge-files.ts";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import type { OperatorKeys } from "../../core/seal/operator-keys.ts";
import { openEntries } from "../../core/seal/sealed-entries.ts";
import { readInputBytes } from "../files/read-input.ts";

/** A thousand entries are half a megabyte. */
const FILE_BYTES_MAX = 256 * 1024 * 1024;
/** An entry is some hundred bytes, with a long reason some thousand. */
const LINE_BYTES_MAX = 1024 * 1024;
/** A file with this many lines of another kind is not an export. */
const MALFORMED_MAX = 50;
const LINE_END = 0x0a;
// Bytes that differ from the exporter's must not read as the same text.
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const EXPORT = /^audit-\d{16}-\d{16}\.jsonl(\.sealed)?$/;

/**
 * For a folder, its exports; a file is read whatever its name is. Throws `OperatorError` when there is
 * nothing to read.
 */
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
  if (path === "-") return [path];
  const found = await stat(path).catch((error: unknown) => unreadable(path, error));
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => EXPORT.test(name)).sort();
  if (names.length > 0) return names.map((name) => join(path, name));
  throw new OperatorError("AUDIT_EXPORT_MISSING", {
    what: `${path} holds no exported audit entries`,
    why: "leaders write audit-FIRST-LAST.jsonl into audit/ of their data folders, a file for every 1 000 entries",
    next: "give the folders of nodes that led",
    exit: Exit.NotFound,
  });
}

async function readExport(name: string, findings: Findings, keys: OperatorKeys | null): Promise<ExportFile> {
  const malformed = (expected: string, found: string) => {
    findings.add({ problem: "malformed", index: null, where: name, expected, found });
    return { name, links: [] };
  };
  const file = await contentOf(name);
  if (!Buffer.isBuffer(file)) return malformed(file.expected, file.found);
  const opened = await openEntries(file, keys, name);
  if (typeof opened === "string") return malformed("an export", opened);
  return { name, links: linksOf(name, opened.content, findings) };
}

async function contentOf(
  name: string,
): Promise<Buffer | { readonly expected: string; readonly found: string }> {
  if (name === "-") return await readInputBytes(name);
  // A pipe or a device has no end.
  const at = await stat(name).catch((error: unknown) => unreadable(name, error));
  if (!at.isFile()) return { expected: "a regular file", found: "a folder, a pipe or a device" };
  if (at.size > FILE_BYTES_MAX)
    return { expected: `at most ${FILE_BYTES_MAX} bytes`, found: `${at.size} bytes` };
  return await readFile(name).catch((error: unknown) => unreadable(name, error));
}

function linksOf(name: string, content: Uint8Array, findings: Findings): ExportFile["links"] {
  const links: ExportFile["links"][number][] = [];
  let [number, malformed] = [0, 0];
  for (let start = 0; start < content.length; ) {
    const end = content.indexOf(LINE_END, start);
    number += 1;
    const where = `${name}:${number}`;
    // Each line has an end, the last one too.
    const exported = end < 0 ? null : lineOf(content.subarray(start, end));
    if (exported !== null) links.push({ ...exported, where });
    else {
      malformed += 1;
      const found =
        malformed === MALFORMED_MAX
          ? "not a line of an export; after so many of them the rest is not read"
          : "";
      findings.add({ problem: "malformed", index: null, where, expected: "a line of an export", found });
    }
    if (end < 0 || malformed === MALFORMED_MAX) break;
    start = end + 1;
  }
  return links;
}

/** Null: it is not a line of an export. */
function lineOf(bytes: Uint8Array): ExportedEntry | null {
  if (bytes.length > LINE_BYTES_MAX) return null;
  try {
    return readExportLine(UTF_8.decode(bytes));
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function unreadable(path: string, error: unknown): never {
  throw new OperatorError("AUDIT_EXPORT_UNREADABLE", {
    what: `${path} can't be read`,
    why: messageOf(error),
    next: "name an exported file, or a folder of them",
    exit: Exit.NotFound,
    cause: error,
  });
}
