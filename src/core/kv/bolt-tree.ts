// A B+tree of bbolt's file format (go.etcd.io/bbolt, page.go), written once from rows in order of their keys. A first
// pass over the rows plans the pages, since the file's head needs their number; a second one writes them. What must
// stay true: both passes see the same rows.

import { assert } from "../base/assert.ts";
import type { Slicing } from "../fleet/slices.ts";
import { compareBytes } from "./key-bytes.ts";

export interface BoltRow {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** A page, or a page with overflow, and its first key. */
interface Child {
  readonly page: number;
  readonly firstKey: Uint8Array;
}

export interface TreePlan {
  readonly firstPage: number;
  readonly leaves: readonly Child[];
  /** From the parents of the leaves to the root; none if there is one leaf. */
  readonly branches: readonly (readonly (readonly Child[])[])[];
  readonly root: number;
  /** The first page after the tree. */
  readonly end: number;
}

export const PAGE_BYTES = 4_096;
export const PAGE_HEADER_BYTES = 16;
export const LEAF = 0x02;
const BRANCH = 0x01;
const ELEMENT_BYTES = 16;

/** Each step looks at the rows of one page. */
export function* planTree(rows: Iterable<BoltRow>, firstPage: number): Slicing<TreePlan> {
  const leaves: Child[] = [];
  let end = firstPage;
  for (const leaf of leavesOf(rows)) {
    leaves.push({ page: end, firstKey: leaf[0]?.key ?? new Uint8Array() });
    end += pagesOf(leafBytes(leaf));
    yield;
  }
  const branches: Child[][][] = [];
  let level: readonly Child[] = leaves;
  while (level.length > 1) {
    const parents = chunks(level, ({ firstKey }) => ELEMENT_BYTES + firstKey.length);
    branches.push(parents);
    const first = end;
    level = parents.map(([child], at) => ({
      page: first + at,
      firstKey: child?.firstKey ?? new Uint8Array(),
    }));
    end += parents.length;
  }
  const [root] = level;
  assert(root !== undefined, "a tree has a root");
  return { firstPage, leaves, branches, root: root.page, end };
}

/** The pages in order, each with its overflow. */
export function* treePages(rows: Iterable<BoltRow>, plan: TreePlan): Generator<Uint8Array, void, undefined> {
  let page = plan.firstPage;
  for (const leaf of leavesOf(rows)) {
    const bytes = leafPage(page, leaf, 0);
    yield bytes;
    page += bytes.length / PAGE_BYTES;
  }
  for (const parent of plan.branches.flat()) {
    yield branchPage(page, parent);
    page += 1;
  }
  assert(page === plan.end, "both passes see the same rows");
}

/** `flags`: of each element. */
export function leafPage(page: number, rows: readonly BoltRow[], flags: number): Uint8Array {
  const bytes = new Uint8Array(pagesOf(leafBytes(rows)) * PAGE_BYTES);
  const view = new DataView(bytes.buffer);
  pageHeader(view, { page, flags: LEAF, count: rows.length });
  let at = PAGE_HEADER_BYTES + ELEMENT_BYTES * rows.length;
  for (const [index, { key, value }] of rows.entries()) {
    const element = PAGE_HEADER_BYTES + ELEMENT_BYTES * index;
    view.setUint32(element, flags, true);
    view.setUint32(element + 4, at - element, true);
    view.setUint32(element + 8, key.length, true);
    view.setUint32(element + 12, value.length, true);
    bytes.set(key, at);
    bytes.set(value, at + key.length);
    at += key.length + value.length;
  }
  return bytes;
}

export function pageHeader(
  view: DataView,
  { page, flags, count }: { readonly page: number; readonly flags: number; readonly count: number },
): void {
  view.setBigUint64(0, BigInt(page), true);
  view.setUint16(8, flags, true);
  view.setUint16(10, count, true);
  view.setUint32(12, view.byteLength / PAGE_BYTES - 1, true);
}

function branchPage(page: number, children: readonly Child[]): Uint8Array {
  const bytes = new Uint8Array(PAGE_BYTES);
  const view = new DataView(bytes.buffer);
  pageHeader(view, { page, flags: BRANCH, count: children.length });
  let at = PAGE_HEADER_BYTES + ELEMENT_BYTES * children.length;
  for (const [index, child] of children.entries()) {
    const element = PAGE_HEADER_BYTES + ELEMENT_BYTES * index;
    view.setUint32(element, at - element, true);
    view.setUint32(element + 4, child.firstKey.length, true);
    view.setBigUint64(element + 8, BigInt(child.page), true);
    bytes.set(child.firstKey, at);
    at += child.firstKey.length;
  }
  return bytes;
}

/** The rows of each leaf. A row that is larger than a page has a leaf with overflow of its own. */
function* leavesOf(rows: Iterable<BoltRow>): Generator<BoltRow[], void, undefined> {
  let leaf: BoltRow[] = [];
  let bytes = PAGE_HEADER_BYTES;
  for (const row of rows) {
    const last = leaf.at(-1);
    assert(last === undefined || compareBytes(last.key, row.key) < 0, "rows are in order of their keys");
    const more = rowBytes(row);
    if (leaf.length > 0 && bytes + more > PAGE_BYTES) {
      yield leaf;
      leaf = [];
      bytes = PAGE_HEADER_BYTES;
    }
    leaf.push(row);
    bytes += more;
  }
  yield leaf;
}

function chunks<Item>(items: readonly Item[], bytesOf: (item: Item) => number): Item[][] {
  const pages: Item[][] = [[]];
  let bytes = PAGE_HEADER_BYTES;
  for (const item of items) {
    if (bytes + bytesOf(item) > PAGE_BYTES) {
      pages.push([]);
      bytes = PAGE_HEADER_BYTES;
    }
    pages.at(-1)?.push(item);
    bytes += bytesOf(item);
  }
  return pages;
}

const rowBytes = ({ key, value }: BoltRow): number => ELEMENT_BYTES + key.length + value.length;
const leafBytes = (rows: readonly BoltRow[]): number =>
  rows.reduce((sum, row) => sum + rowBytes(row), PAGE_HEADER_BYTES);
const pagesOf = (bytes: number): number => Math.ceil(bytes / PAGE_BYTES);
