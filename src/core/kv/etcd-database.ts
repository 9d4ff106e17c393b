// A key space as the database file of an etcd. `etcdctl snapshot save` gets it, `snapshot status` checks it, and
// `snapshot restore` makes a new etcd of it. It has all versions since the last compaction, the leases, and no members:
// a restore names those. The format is bbolt's (db.go, bucket.go), the buckets are etcd's (mvcc/kvstore.go, 3.4 and
// 3.5).

import type { Slicing } from "../fleet/slices.ts";
import {
  type BoltRow,
  LEAF,
  leafPage,
  PAGE_BYTES,
  PAGE_HEADER_BYTES,
  pageHeader,
  planTree,
  type TreePlan,
  treePages,
} from "./bolt-tree.ts";
import { isTombstone } from "./history.ts";
import { compareBytes } from "./key-bytes.ts";
import type { KeySpaceView } from "./key-space-view.ts";
import type { Lease } from "./leases.ts";
import { sortInSlices } from "./sort-in-slices.ts";
import { storedKey, storedValue } from "./stored-version.ts";

/** Of the replica that makes the file. */
export interface LogPosition {
  readonly appliedIndex: number;
  readonly term: number;
}

export interface DatabaseFile {
  readonly bytes: number;
  /** Its pages in order. */
  parts(): Generator<Uint8Array, void, undefined>;
}

const BUCKETS = ["alarm", "auth", "authRoles", "authUsers", "cluster", "members", "members_removed"] as const;
const MAGIC = 0xed0cdaed;
const VERSION = 2;
const META = 0x04;
const FREELIST = 0x10;
const BUCKET_LEAF = 0x01;
const BUCKET_HEADER_BYTES = 16;
const FREELIST_PAGE = 2;
const ROOT_PAGE = 3;
const FIRST_TREE_PAGE = 4;
const TRANSACTION = 1n;
const text = new TextEncoder();

/** Plans the file; `view` must not be changed until its parts are made. Each step looks at the rows of a few pages. */
export function* etcdDatabase(view: KeySpaceView, position: LogPosition): Slicing<DatabaseFile> {
  // Both passes see this order.
  const leases = yield* sortInSlices(idsOf(view.leases), ({ id: one }, { id: other }) =>
    one < other ? -1 : 1,
  );
  const trees = [
    { name: "lease", rows: { [Symbol.iterator]: () => leaseRows(leases) } },
    { name: "meta", rows: metaRows(view, position) },
    { name: "key", rows: { [Symbol.iterator]: () => versionRows(view) } },
  ];
  const planned: { readonly name: string; readonly rows: Iterable<BoltRow>; readonly plan: TreePlan }[] = [];
  let page = FIRST_TREE_PAGE;
  for (const tree of trees) {
    const plan = yield* planTree(tree.rows, page);
    planned.push({ ...tree, plan });
    page = plan.end;
  }
  const pages = page;
  const roots = new Map(planned.map(({ name, plan }) => [name, plan.root]));
  function* all(): Generator<Uint8Array, void, undefined> {
    for (const at of [0, 1]) yield metaPage(at, pages);
    yield emptyPage(FREELIST_PAGE, FREELIST);
    yield rootPage(roots);
    for (const { rows, plan } of planned) yield* treePages(rows, plan);
  }
  return { bytes: pages * PAGE_BYTES, parts: all };
}

/** A deletion that no read sees any more is left out, as etcd's compaction does. */
function* versionRows({ versions, compactRevision }: KeySpaceView): Generator<BoltRow, void, undefined> {
  for (const { kv, sub } of versions.all()) {
    if (isTombstone(kv) && kv.modRevision <= compactRevision) continue;
    yield { key: storedKey(kv, sub), value: storedValue(kv) };
  }
}

interface LeaseById {
  /** Without a sign, as the file has it and in whose order. */
  readonly id: bigint;
  readonly ttlSeconds: number;
}

function* idsOf(leases: Iterable<Lease>): Generator<LeaseById, void, undefined> {
  for (const { id, ttlSeconds } of leases) yield { id: BigInt.asUintN(64, BigInt(id)), ttlSeconds };
}

function* leaseRows(leases: Iterable<LeaseById>): Generator<BoltRow, void, undefined> {
  for (const { id, ttlSeconds } of leases) {
    yield { key: bigEndian(id), value: Uint8Array.from([...field(1, id), ...field(2, BigInt(ttlSeconds))]) };
  }
}

function metaRows({ compactRevision }: KeySpaceView, { appliedIndex, term }: LogPosition): BoltRow[] {
  const rows = [
    { key: text.encode("consistent_index"), value: bigEndian(BigInt(appliedIndex)) },
    { key: text.encode("term"), value: bigEndian(BigInt(term)) },
  ];
  if (compactRevision < 0) return rows;
  const value = Uint8Array.from([...bigEndian(BigInt(compactRevision)), 0x5f, ...bigEndian(0n)]);
  const compactions = ["finishedCompactRev", "scheduledCompactRev"].map((name) => ({
    key: text.encode(name),
    value,
  }));
  return [...rows, ...compactions].sort((one, other) => compareBytes(one.key, other.key));
}

/** Names every bucket. Those without rows have their page inside. */
function rootPage(roots: ReadonlyMap<string, number>): Uint8Array {
  const rows = [...BUCKETS, ...roots.keys()].map((name) => {
    const root = roots.get(name);
    const value = new Uint8Array(BUCKET_HEADER_BYTES + (root === undefined ? PAGE_HEADER_BYTES : 0));
    const view = new DataView(value.buffer);
    view.setBigUint64(0, BigInt(root ?? 0), true);
    if (root === undefined) view.setUint16(BUCKET_HEADER_BYTES + 8, LEAF, true);
    return { key: text.encode(name), value };
  });
  rows.sort((one, other) => compareBytes(one.key, other.key));
  return leafPage(ROOT_PAGE, rows, BUCKET_LEAF);
}

function emptyPage(page: number, flags: number): Uint8Array {
  const bytes = new Uint8Array(PAGE_BYTES);
  pageHeader(new DataView(bytes.buffer), { page, flags, count: 0 });
  return bytes;
}

/** The two meta pages are those of two transactions; the newer one counts. */
function metaPage(page: number, pages: number): Uint8Array {
  const bytes = emptyPage(page, META);
  const meta = new DataView(bytes.buffer, PAGE_HEADER_BYTES);
  meta.setUint32(0, MAGIC, true);
  meta.setUint32(4, VERSION, true);
  meta.setUint32(8, PAGE_BYTES, true);
  meta.setBigUint64(16, BigInt(ROOT_PAGE), true);
  meta.setBigUint64(32, BigInt(FREELIST_PAGE), true);
  meta.setBigUint64(40, BigInt(pages), true);
  meta.setBigUint64(48, TRANSACTION + BigInt(page), true);
  meta.setBigUint64(56, fnv1a(bytes.subarray(PAGE_HEADER_BYTES, PAGE_HEADER_BYTES + 56)), true);
  return bytes;
}

/** FNV-1a of 64 bits. */
function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash;
}

function bigEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** A varint field of a protobuf message (leasepb.Lease). */
function field(number: number, value: bigint): number[] {
  const bytes = [number << 3];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  return [...bytes, Number(rest)];
}
