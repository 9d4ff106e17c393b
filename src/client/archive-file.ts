// One answer of a fleet, stored as a file, so that a colleague sees the same. What must stay true: reading it
// back gives the same answer, including unknown fields, and no file is ever overwritten.

import { Exit, OperatorError } from "../core/base/errors.ts";
import { printableJson } from "../core/base/printable.ts";
import { fieldsOf, restoreAbsent, withAbsent } from "./files/absent-values.ts";
import { writeNewFileOrSay } from "./files/new-file.ts";
import { readInputOrSay } from "./files/read-input.ts";

const KIND = "FleetArchive";
const SCHEMA_VERSION = 1;

export interface Archive {
  /** The command, as typed: "shard list". */
  readonly command: string;
  /** RFC 3339. */
  readonly at: string;
  /** The version of fleet that made the request. */
  readonly version: string;
  readonly target: { readonly name: string; readonly endpoints: readonly string[] };
  /** The answer before it was filtered, ordered or formatted. */
  readonly report: object;
}

/** Throws ARCHIVE_NOT_WRITTEN, also when a file of that name exists. */
export async function writeArchive(path: string, archive: Archive): Promise<void> {
  const document = { kind: KIND, schemaVersion: SCHEMA_VERSION, ...archive };
  const text = withAbsent(document, 2);
  await writeNewFileOrSay(path, `${printableJson(text)}\n`, {
    code: "ARCHIVE_NOT_WRITTEN",
    what: `the answer cannot be archived in ${path}`,
    next: "name another file with --archive; existing files are never overwritten",
  });
}

/** The bytes of what `--from` names: an archive, or a bundle. Throws ARCHIVE_MISSING. */
export async function readArchiveBytes(path: string, command: string): Promise<Buffer> {
  return await readInputOrSay(path, {
    code: "ARCHIVE_MISSING",
    what: `the archive ${path} cannot be read`,
    next: `write one with: fleet ${command} --archive FILE`,
  });
}

/** The archive of `command` in the text of a file. Throws ARCHIVE_INVALID. */
export function parseArchive(path: string, text: string, command: string): Archive {
  const archive = parse(text);
  if (archive === null) throw invalidArchive(path, `this version did not write it`);
  if (archive.command === command) return archive;
  throw new OperatorError("ARCHIVE_INVALID", {
    what: `${path} holds an answer of fleet ${archive.command}, not of fleet ${command}`,
    next: `fleet ${archive.command} --from ${path}`,
    exit: Exit.Usage,
  });
}

export function invalidArchive(path: string, why: string): OperatorError {
  return new OperatorError("ARCHIVE_INVALID", {
    what: `${path} is not an archive that this version can show`,
    why,
    next: "write it again with --archive FILE",
    exit: Exit.Usage,
  });
}

function parse(text: string): Archive | null {
  const document = fieldsOf(parseJson(text));
  const { command, at, version, report } = document;
  const { name, endpoints } = fieldsOf(document["target"]);
  const isOurs = document["kind"] === KIND && document["schemaVersion"] === SCHEMA_VERSION;
  if (!isOurs || typeof command !== "string" || typeof at !== "string" || typeof version !== "string")
    return null;
  if (typeof name !== "string" || !isTexts(endpoints) || typeof report !== "object" || report === null)
    return null;
  return { command, at, version, target: { name, endpoints }, report };
}

function parseJson(text: string): unknown {
  try {
    return restoreAbsent(JSON.parse(text));
  } catch {
    return null;
  }
}

export function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === "string");
}
