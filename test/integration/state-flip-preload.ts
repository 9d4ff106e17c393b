// Loaded before the program (node --import). It reaches into the process and changes a row of one replica's tables,
// as a bug in `apply` or damaged memory would. Production code has no door for that. The file that STATE_FLIP_FILE
// names says what. "put ADDRESS" replaces the row with the next entry, so that its digest changes with it. "damage
// ADDRESS" changes its bytes in place, unseen by the digest. "key KEY" flips a bit of that key's newest value in
// place, and "hidden-key KEY" also hides it from the passes over memory. These passes begin 10 s after the start,
// which on a slow machine is before anything else has noticed. Each text is done once, and then written to a file
// beside it, which ends with .done.

import { readFileSync, writeFileSync } from "node:fs";
import "./unbundled-preload.ts";

const { STATE_FLIP_FILE: file = "", STATE_FLIP_TABLE: dist = "" } = process.env;
const LOOK_EVERY_MS = 20;

interface ShardRow {
  readonly shardId: string;
  address: string;
  readonly region: string;
}
interface ShardTable {
  put(row: object): void;
  rows(): Iterable<ShardRow>;
}

const { Table } = (await import(dist)) as { Table: { prototype: ShardTable } };
/** What the row gets with the next entry. */
let address: string | null = null;
const put = Table.prototype.put;
/** The newest table of shards; a snapshot that is restored brings another. */
let shards: ShardTable | null = null;
Table.prototype.put = function putSeen(this: ShardTable, row: object) {
  if ("shardId" in row && "region" in row && "epoch" in row) shards = this;
  put.call(this, row);
  const [shard] = shards?.rows() ?? [];
  if (address === null || shards === null || shard === undefined) return;
  const flipped = { ...shard, address };
  address = null;
  put.call(shards, flipped);
};

interface Segment {
  readonly count: number;
  append(kv: { key: Uint8Array }, ...rest: unknown[]): void;
  read(slot: number): { readonly value: Uint8Array };
}
const segmentModule = new URL("../../kv/segment.js", dist).href;
const { Segment: KeySegment } = (await import(segmentModule)) as { Segment: { prototype: Segment } };
/** Where the newest version of each key is. */
const versions = new Map<string, { readonly segment: Segment; readonly slot: number }>();
const append = KeySegment.prototype.append;
KeySegment.prototype.append = function appendSeen(
  this: Segment,
  kv: { key: Uint8Array },
  ...rest: unknown[]
) {
  versions.set(Buffer.from(kv.key).toString(), { segment: this, slot: this.count });
  append.call(this, kv, ...rest);
};

interface Rechecked {
  recheck(from: unknown): { readonly next: unknown; readonly damaged: unknown };
}
const spaceModule = new URL("../../kv/key-space.js", dist).href;
const { KeySpace } = (await import(spaceModule)) as { KeySpace: { prototype: Rechecked } };
let isHidden = false;
const recheck = KeySpace.prototype.recheck;
KeySpace.prototype.recheck = function recheckUnlessHidden(this: Rechecked, from: unknown) {
  const found = recheck.call(this, from);
  return isHidden ? { ...found, damaged: null } : found;
};

function flipKey(key: string): void {
  const at = versions.get(key);
  const value = at?.segment.read(at.slot).value;
  if (value !== undefined) value[0] = (value[0] ?? 0) ^ 1;
}

let done = "";
setInterval(() => {
  const plan = planned();
  const [row] = shards?.rows() ?? [];
  const [how, wanted = ""] = plan.split(" ");
  if (plan !== done && (how === "key" || how === "hidden-key") && versions.has(wanted)) {
    isHidden = how === "hidden-key";
    flipKey(wanted);
    finish(plan);
  }
  if (plan === done || shards === null || row === undefined) return;
  if (how === "put") address = wanted;
  if (how === "damage") row.address = wanted;
  finish(plan);
}, LOOK_EVERY_MS).unref();

function finish(plan: string): void {
  done = plan;
  writeFileSync(`${file}.done`, plan);
}

function planned(): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
