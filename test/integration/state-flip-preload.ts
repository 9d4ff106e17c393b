// Loaded before the program (node --import): it reaches into the process and changes a row of one replica's tables, as a
// bug in `apply` or damaged memory would. Production code has no door for that. The file that STATE_FLIP_FILE names says
// what: "put ADDRESS" replaces the row with the next entry, so that its digest changes with it; "damage ADDRESS" changes its
// bytes in place, unseen by the digest. Each text is done once.

import { readFileSync } from "node:fs";
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

let done = "";
setInterval(() => {
  const plan = planned();
  const [row] = shards?.rows() ?? [];
  if (plan === done || shards === null || row === undefined) return;
  done = plan;
  const [how, wanted = ""] = plan.split(" ");
  if (how === "put") address = wanted;
  if (how === "damage") row.address = wanted;
}, LOOK_EVERY_MS).unref();

function planned(): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
