// What a write into the log is called, by what it holds, so that a test can name the one that it means.

import { decodePayload, readFrame } from "../../src/core/storage/frame.ts";
import type { WalRecord } from "../../src/core/storage/record.ts";

/**
 * All names of the write. A frame is "frame" and what is in it, "frame:first" if it begins a segment, "frame:vote" if
 * it holds only a hard state. What is no frame is "zeros".
 */
export function frameNames(bytes: Uint8Array, position: number): readonly string[] {
  const read = readFrame(bytes, 0);
  if (read.kind !== "frame") return ["zeros"];
  if (read.isSealed) return ["frame", "frame:sealed"];
  const records = decodePayload(read.payload);
  const kinds = new Set(records.map(kindOf));
  if (records.every((record) => record.kind === "hard-state")) kinds.add("vote");
  if (position === 0) kinds.add("first");
  return ["frame", ...[...kinds].map((kind) => `frame:${kind}`)];
}

function kindOf(record: WalRecord): string {
  switch (record.kind) {
    case "entry":
      return record.entry.type === "normal" ? "entry" : "conf-change";
    case "hard-state":
      return "hard-state";
    case "snapshot-mark":
      return record.mark.restartsLog ? "received-mark" : "mark";
  }
}
