// A bundle as a file: lines of JSON, compressed with gzip, so that `zcat` and `jq` read it too (docs/bundle.md). What
// must stay true: no file is ever overwritten. A file from elsewhere costs a bounded amount of memory and raises no
// exception but ARCHIVE_INVALID.
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { printableJson } from "../../core/base/printable.ts";
import { invalidArchive, isTexts } from "../archive-file.ts";
import { fieldsOf, restoreAbsent, withAbsent } from "../files/absent-values.ts";
import { writeNewFileOrSay } from "../files/new-file.ts";
import { type Bundle, type BundleHead, isListMethod, type Section } from "./section.ts";

const KIND = "FleetBundle";
const SCHEMA_VERSION = 1;
const GZIP_MAGIC = [0x1f, 0x8b] as const;
const FILE_BYTES_MAX = 64 * 1024 * 1024;
const TEXT_BYTES_MAX = 256 * 1024 * 1024;
const SECTIONS_MAX = 1_000;
/** Of JSON, in all sections: an empty list takes three bytes of text, and 40 of V8's heap. A fleet of 100 000 clusters has 3 million. */
const VALUES_MAX = 10_000_000;
const BEGIN_VALUE: ReadonlySet<number> = new Set(Buffer.from(",[{"));

export const isBundle = (bytes: Uint8Array): boolean =>
  bytes[0] === GZIP_MAGIC[0] && bytes[1] === GZIP_MAGIC[1];

/** Throws BUNDLE_NOT_WRITTEN, also when a file of that name exists. Returns its size in bytes. */
export async function writeBundle(path: string, { head, sections }: Bundle): Promise<number> {
  const documents = [{ kind: KIND, schemaVersion: SCHEMA_VERSION, ...head }, ...sections];
  const text = documents.map((document) => `${printableJson(withAbsent(document))}\n`).join("");
  const bytes = await promisify(gzip)(text);
  await writeNewFileOrSay(path, bytes, {
    code: "BUNDLE_NOT_WRITTEN",
    what: `the bundle cannot be written to ${path}`,
    next: "name another file; existing files are never overwritten",
  });
  return bytes.length;
}

/** The bundle in the bytes of a file. Throws ARCHIVE_INVALID. */
export async function parseBundle(path: string, bytes: Uint8Array): Promise<Bundle> {
  if (bytes.length > FILE_BYTES_MAX) throw invalidArchive(path, "it is larger than 64 MB");
  const whole = await promisify(gunzip)(bytes, { maxOutputLength: TEXT_BYTES_MAX }).catch(() => null);
  if (whole === null) throw invalidArchive(path, "it is damaged, or larger than 256 MB when unpacked");
  if (hasMoreValues(whole, VALUES_MAX)) throw invalidArchive(path, `it has more than ${VALUES_MAX} values`);
  const lines = whole.toString("utf8").split("\n", SECTIONS_MAX + 2);
  if (lines.length > SECTIONS_MAX + 1)
    throw invalidArchive(path, `it has more than ${SECTIONS_MAX} sections`);
  const head = parseHead(parseLine(lines[0] ?? ""));
  if (head === null) throw invalidArchive(path, "this version did not write it");
  const sections = lines.slice(1).flatMap((line) => parseSection(parseLine(line)) ?? []);
  return { head, sections };
}

/** Counts those in texts too. */
function hasMoreValues(text: Buffer, most: number): boolean {
  let values = 0;
  for (let at = 0; at < text.length && values <= most; at += 1) {
    if (BEGIN_VALUE.has(text[at] as number)) values += 1;
  }
  return values > most;
}

type Fields = Readonly<Record<string, unknown>>;

function parseLine(line: string): Fields {
  try {
    return fieldsOf(restoreAbsent(JSON.parse(line)));
  } catch {
    return {};
  }
}

function parseHead(fields: Fields): BundleHead | null {
  const { kind, schemaVersion, at, version, anonymized } = fields;
  const { name, endpoints } = fieldsOf(fields["target"]);
  if (kind !== KIND || schemaVersion !== SCHEMA_VERSION) return null;
  if (typeof at !== "string" || typeof version !== "string" || typeof name !== "string") return null;
  if (!isTexts(endpoints)) return null;
  return { at, version, target: { name, endpoints }, anonymized: anonymized === true };
}

/** Null for a kind that this build does not know, and for what is no section. */
function parseSection(fields: Fields): Section | null {
  const { section, name, value, command, process, lines, text, what, why } = fields;
  const isReply = typeof value === "object" && value !== null;
  if (section === "list" && typeof name === "string" && isListMethod(name) && isReply)
    return { section, name, value };
  if (section === "status" && isReply) return { section, value };
  if (section === "report" && typeof command === "string" && isReply) return { section, command, value };
  if (section === "log" && typeof process === "string" && isTexts(lines)) return { section, process, lines };
  if (section === "text" && typeof name === "string" && typeof text === "string")
    return { section, name, text };
  if (section === "missing" && typeof what === "string" && typeof why === "string")
    return { section, what, why };
  return null;
}
