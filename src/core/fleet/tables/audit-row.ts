// An audit entry's bytes: for the digest, and for the chain, which hashes the same message with the hash before it
// (ADR-0029). A chained entry is encoded once: its own hash takes the place of the one before, in the same bytes. What
// must stay true: the bytes are those of the generated encoder.

import type { BinaryWriter } from "@bufbuild/protobuf/wire";
import { sha256 } from "../../base/sha-256.ts";
import type { AuditEntry } from "../../wire/gen/fleet/v1/command.ts";
import { RowWriter } from "./row-writer.ts";

type Entry = Readonly<AuditEntry>;

let writer = new RowWriter();
/** The entry whose bytes are still in the writer; null = another one's are. */
let newest: { readonly entry: Entry; readonly bytes: Uint8Array } | null = null;

/** Valid until the next entry is encoded. */
export function encodeAuditEntry(entry: Entry): Uint8Array {
  return newest?.entry === entry ? newest.bytes : bytesOf(entry, entry.hash);
}

/** The entry with its hash as the one after `previous`. */
export function chainEntry(previous: string, entry: Entry): Entry {
  const bytes = bytesOf(entry, previous);
  const hash = sha256(bytes);
  const chained = { ...entry, hash };
  // The hash is the last field. The first entry has none before it.
  if (previous.length !== hash.length) return chained;
  const start = bytes.length - hash.length;
  for (let at = 0; at < hash.length; at += 1) bytes[start + at] = hash.charCodeAt(at);
  newest = { entry: chained, bytes };
  return chained;
}

/** The entry as if `hash` were its own. */
function bytesOf(entry: Entry, hash: string): Uint8Array {
  newest = null;
  try {
    write(entry, hash, writer.asProtobuf);
    return writer.take();
  } catch (error) {
    writer = new RowWriter();
    throw error;
  }
}

// By hand, because generated code makes three lists for each fact.
function write(entry: Entry, hash: string, to: BinaryWriter): void {
  const { index, atMs, actor, reason, what, operation, metadata } = entry;
  if (index !== 0) to.uint32(8).uint64(index);
  if (atMs !== 0) to.uint32(16).uint64(atMs);
  if (actor !== "") to.uint32(26).string(actor);
  if (reason !== "") to.uint32(34).string(reason);
  if (what !== "") to.uint32(42).string(what);
  if (operation !== "") to.uint32(50).string(operation);
  for (const key of Object.keys(metadata)) {
    const value = metadata[key] ?? "";
    to.uint32(58).fork();
    if (key !== "") to.uint32(10).string(key);
    if (value !== "") to.uint32(18).string(value);
    to.join();
  }
  if (hash !== "") to.uint32(66).string(hash);
}
