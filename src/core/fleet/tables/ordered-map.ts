// A map in key order: a copy-on-write B+ tree. A copy costs O(1), and later changes of one do not change the
// other. What must stay true: only the map that owns a node changes it, and a node that two maps share has no
// owner. Only a root may be empty. Keys are all texts or all numbers. Lists in nodes have little spare room:
// there are many rows, and each leaf changes rarely.

import { assert } from "../../base/assert.ts";

type Key = string | number;

/** A node with the mark of another map is copied before it is changed. */
type Owner = object;

interface Leaf<K, V> {
  readonly owner: Owner;
  readonly isLeaf: true;
  keys: K[];
  values: V[];
}

interface Branch<K, V> {
  readonly owner: Owner;
  readonly isLeaf: false;
  /** `keys[i]` is above all keys of `children[i]`, and at most the smallest key of the next child. */
  keys: K[];
  children: Node<K, V>[];
}

type Node<K, V> = Leaf<K, V> | Branch<K, V>;

/** A node with this many entries or children is full. */
const NODE_MAX = 32;
/** Two neighbours are merged once both fit into one node with room to spare. */
const MERGED_MAX = 24;

export class OrderedMap<K extends Key, V> {
  #owner: Owner = {};
  #root: Node<K, V> = { owner: this.#owner, isLeaf: true, keys: [], values: [] };
  #size = 0;
  /**
   * The value that `set` or `delete` found at its key. A field, because returning an object at each level
   * would produce garbage.
   */
  #before: V | undefined;

  get size(): number {
    return this.#size;
  }

  /** An O(1) copy. */
  clone(): OrderedMap<K, V> {
    const copy = new OrderedMap<K, V>();
    copy.#root = this.#root;
    copy.#size = this.#size;
    this.#owner = {};
    return copy;
  }

  get(key: K): V | undefined {
    let node = this.#root;
    while (!node.isLeaf) node = childAt(node, countUpTo(node.keys, key));
    const at = countBelow(node.keys, key);
    return node.keys[at] === key ? node.values[at] : undefined;
  }

  firstKey(): K | undefined {
    let node = this.#root;
    while (!node.isLeaf) node = childAt(node, 0);
    return node.keys[0];
  }

  /** The value of the first key at or above `from`. Without a generator, which would be garbage. */
  firstValue(from: K): V | undefined {
    let node = this.#root;
    // The first leaf behind the one in which `from` belongs.
    let behind: Node<K, V> | undefined;
    while (!node.isLeaf) {
      const at = countUpTo(node.keys, from);
      behind = node.children[at + 1] ?? behind;
      node = childAt(node, at);
    }
    const at = countBelow(node.keys, from);
    if (at < node.keys.length) return node.values[at];
    while (behind !== undefined && !behind.isLeaf) behind = childAt(behind, 0);
    return behind?.values[0];
  }

  lastValue(): V | undefined {
    let node = this.#root;
    while (!node.isLeaf) node = childAt(node, node.children.length - 1);
    return node.values[node.values.length - 1];
  }

  /** Sets the value of the key; returns the old value, if any. The first key object is kept. */
  set(key: K, value: V): V | undefined {
    const root = this.#owned(this.#root);
    const right = this.#setIn(root, key, value);
    this.#root = right === null ? root : this.#branch([right.from], [root, right.node]);
    const before = this.#before;
    this.#before = undefined;
    if (before === undefined) this.#size += 1;
    return before;
  }

  /** Removes the key; returns its value, if any. */
  delete(key: K): V | undefined {
    const root = this.#owned(this.#root);
    this.#deleteIn(root, key);
    this.#settle(root);
    const before = this.#before;
    this.#before = undefined;
    if (before !== undefined) this.#size -= 1;
    return before;
  }

  /**
   * Removes the keys from `from` up to but excluding `below`, and returns their number. Nodes in between are
   * removed as a whole.
   */
  deleteRange(from: K, below: K): number {
    assert(from <= below, "a range ends behind its beginning");
    const root = this.#owned(this.#root);
    const count = this.#deleteRangeIn(root, from, below);
    this.#settle(root);
    this.#size -= count;
    return count;
  }

  /** In key order, from the first key at or above `from`. The map must not change meanwhile. */
  *values(from?: K): Generator<V, void, undefined> {
    for (const { leaf, at } of leaves(this.#root, from)) {
      for (let next = at; next < leaf.values.length; next += 1) yield leaf.values[next] as V;
    }
  }

  /** The keys in the same order, under the same condition. */
  *keys(from?: K): Generator<K, void, undefined> {
    for (const { leaf, at } of leaves(this.#root, from)) {
      for (let next = at; next < leaf.keys.length; next += 1) yield leaf.keys[next] as K;
    }
  }

  /** The values in reverse order, from the last key or from the last one at or below `from`. */
  *valuesBack(from?: K): Generator<V, void, undefined> {
    for (const { leaf, at } of leavesBack(this.#root, from)) {
      for (let next = at; next >= 0; next -= 1) yield leaf.values[next] as V;
    }
  }

  /** The part that was split off, if the node was full. */
  #setIn(node: Node<K, V>, key: K, value: V): Right<K, V> | null {
    if (node.isLeaf) return this.#setInLeaf(node, key, value);
    const at = countUpTo(node.keys, key);
    const right = this.#setIn(this.#ownedChild(node, at), key, value);
    if (right === null) return null;
    node.keys = node.keys.toSpliced(at, 0, right.from);
    node.children = node.children.toSpliced(at + 1, 0, right.node);
    return node.children.length > NODE_MAX ? this.#splitBranch(node, at + 1) : null;
  }

  #setInLeaf(leaf: Leaf<K, V>, key: K, value: V): Right<K, V> | null {
    const at = countBelow(leaf.keys, key);
    if (leaf.keys[at] === key) {
      this.#before = leaf.values[at];
      leaf.values[at] = value;
      return null;
    }
    if (at === leaf.keys.length) {
      // Keys that rise come here. Their last leaf alone has spare room, for a split leaves lists without any.
      leaf.keys.push(key);
      leaf.values.push(value);
    } else {
      leaf.keys = leaf.keys.toSpliced(at, 0, key);
      leaf.values = leaf.values.toSpliced(at, 0, value);
    }
    return leaf.keys.length > NODE_MAX ? this.#splitLeaf(leaf, at) : null;
  }

  #splitLeaf(leaf: Leaf<K, V>, at: number): Right<K, V> {
    const from = splitPoint(leaf.keys.length, at);
    const node = this.#leaf(leaf.keys.slice(from), leaf.values.slice(from));
    leaf.keys = leaf.keys.slice(0, from);
    leaf.values = leaf.values.slice(0, from);
    return { from: node.keys[0] as K, node };
  }

  #splitBranch(branch: Branch<K, V>, at: number): Right<K, V> {
    const from = splitPoint(branch.children.length, at);
    const first = branch.keys[from - 1] as K;
    const node = this.#branch(branch.keys.slice(from), branch.children.slice(from));
    branch.keys = branch.keys.slice(0, from - 1);
    branch.children = branch.children.slice(0, from);
    return { from: first, node };
  }

  #deleteIn(node: Node<K, V>, key: K): void {
    if (node.isLeaf) {
      const at = countBelow(node.keys, key);
      if (node.keys[at] !== key) return;
      this.#before = node.values[at];
      dropAt(node.keys, at);
      dropAt(node.values, at);
      return;
    }
    const at = countUpTo(node.keys, key);
    const child = this.#ownedChild(node, at);
    this.#deleteIn(child, key);
    if (this.#before === undefined) return;
    if (weight(child) > 0) {
      this.#mergeAround(node, at);
      return;
    }
    dropChildren(node, at, 1);
  }

  /** The number of removed keys. Afterwards the node may be empty, but no node below it is. */
  #deleteRangeIn(node: Node<K, V>, from: K, below: K): number {
    if (node.isLeaf) {
      const first = countBelow(node.keys, from);
      const count = countBelow(node.keys, below) - first;
      node.keys = node.keys.toSpliced(first, count);
      node.values = node.values.toSpliced(first, count);
      return count;
    }
    const first = countUpTo(node.keys, from);
    const last = countUpTo(node.keys, below);
    let count = this.#deleteRangeIn(this.#ownedChild(node, first), from, below);
    if (last > first) {
      count += this.#deleteRangeIn(this.#ownedChild(node, last), from, below);
      if (weight(childAt(node, last)) === 0) dropChildren(node, last, 1);
      for (let at = first + 1; at < last; at += 1) count += keyCount(childAt(node, at));
      dropChildren(node, first + 1, last - first - 1);
    }
    if (weight(childAt(node, first)) === 0) dropChildren(node, first, 1);
    return count;
  }

  #settle(root: Node<K, V>): void {
    let top = root;
    while (!top.isLeaf && top.children.length === 1) top = childAt(top, 0);
    this.#root = weight(top) > 0 ? top : this.#leaf([], []);
  }

  #mergeAround(branch: Branch<K, V>, at: number): void {
    const left = fits(branch, at - 1) ? at - 1 : fits(branch, at) ? at : -1;
    if (left === -1) return;
    const into = this.#ownedChild(branch, left);
    const from = childAt(branch, left + 1);
    if (into.isLeaf && from.isLeaf) {
      into.keys = [...into.keys, ...from.keys];
      into.values = [...into.values, ...from.values];
    } else if (!into.isLeaf && !from.isLeaf) {
      into.keys = [...into.keys, branch.keys[left] as K, ...from.keys];
      into.children = [...into.children, ...from.children];
    }
    branch.keys = branch.keys.toSpliced(left, 1);
    branch.children = branch.children.toSpliced(left + 1, 1);
  }

  #ownedChild(branch: Branch<K, V>, at: number): Node<K, V> {
    const child = this.#owned(childAt(branch, at));
    branch.children[at] = child;
    return child;
  }

  #owned(node: Node<K, V>): Node<K, V> {
    if (node.owner === this.#owner) return node;
    const keys = node.keys.slice();
    return node.isLeaf ? this.#leaf(keys, node.values.slice()) : this.#branch(keys, node.children.slice());
  }

  #leaf(keys: K[], values: V[]): Leaf<K, V> {
    return { owner: this.#owner, isLeaf: true, keys, values };
  }

  #branch(keys: K[], children: Node<K, V>[]): Branch<K, V> {
    return { owner: this.#owner, isLeaf: false, keys, children };
  }
}

/** The part that is split off a full node. */
interface Right<K, V> {
  /** Its first key. */
  readonly from: K;
  readonly node: Node<K, V>;
}

function childAt<K, V>(branch: Branch<K, V>, at: number): Node<K, V> {
  return branch.children[at] as Node<K, V>;
}

/** How many of the sorted keys are below `key`. */
function countBelow<K extends Key>(keys: readonly K[], key: K): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as K) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many of the sorted keys are not above `key`. */
function countUpTo<K extends Key>(keys: readonly K[], key: K): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as K) <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Rows that arrive in order, as from a snapshot, leave full nodes behind.
function splitPoint(length: number, at: number): number {
  return at === length - 1 ? length - 1 : length >>> 1;
}

// In place: `splice` would make a list of what it removes.
function dropAt<Item>(items: Item[], at: number): void {
  for (let next = at + 1; next < items.length; next += 1) items[next - 1] = items[next] as Item;
  items.pop();
}

function fits<K, V>(branch: Branch<K, V>, left: number): boolean {
  const first = branch.children[left];
  const second = branch.children[left + 1];
  return first !== undefined && second !== undefined && weight(first) + weight(second) <= MERGED_MAX;
}

function dropChildren<K, V>(branch: Branch<K, V>, at: number, count: number): void {
  branch.keys = branch.keys.toSpliced(Math.max(at - 1, 0), count);
  branch.children = branch.children.toSpliced(at, count);
}

function keyCount<K, V>(node: Node<K, V>): number {
  if (node.isLeaf) return node.keys.length;
  return node.children.reduce((count, child) => count + keyCount(child), 0);
}

function weight<K, V>(node: Node<K, V>): number {
  return node.isLeaf ? node.keys.length : node.children.length;
}

interface Place<K, V> {
  readonly leaf: Leaf<K, V>;
  readonly at: number;
}

/** The leaves from the one with the first key at or above `from`, each with the position to start at. */
function* leaves<K extends Key, V>(node: Node<K, V>, from?: K): Generator<Place<K, V>, void, undefined> {
  if (node.isLeaf) {
    yield { leaf: node, at: from === undefined ? 0 : countBelow(node.keys, from) };
    return;
  }
  const first = from === undefined ? 0 : countUpTo(node.keys, from);
  yield* leaves(childAt(node, first), from);
  for (let at = first + 1; at < node.children.length; at += 1) yield* leaves(childAt(node, at));
}

/** The same in reverse order, from the leaf with the last key at or below `from`. */
function* leavesBack<K extends Key, V>(node: Node<K, V>, from?: K): Generator<Place<K, V>, void, undefined> {
  if (node.isLeaf) {
    yield { leaf: node, at: (from === undefined ? node.keys.length : countUpTo(node.keys, from)) - 1 };
    return;
  }
  const last = from === undefined ? node.children.length - 1 : countUpTo(node.keys, from);
  yield* leavesBack(childAt(node, last), from);
  for (let at = last - 1; at >= 0; at -= 1) yield* leavesBack(childAt(node, at));
}
