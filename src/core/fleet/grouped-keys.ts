// An index beside a table's rows: which keys belong to which group, such as the domains of a shard.
// What must stay true: a key is in a group exactly while its row names that group, and no group is empty. The index
// follows from the rows alone, so it is no part of the digest, and a restored state has built it anew.

import { OrderedMap } from "./ordered-map.ts";

interface Group<K extends string | number> {
  /** A group with the mark of another index is copied before it is changed. */
  readonly owner: object;
  /** Each key is its own value, so that a key that changes groups stays one text. */
  readonly keys: OrderedMap<K, K>;
}

export class GroupedKeys<K extends string | number> {
  #owner = {};
  #groups = new OrderedMap<string, Group<K>>();

  /** An O(1) copy: neither sees later changes of the other. */
  clone(): GroupedKeys<K> {
    const copy = new GroupedKeys<K>();
    copy.#groups = this.#groups.clone();
    this.#owner = {};
    return copy;
  }

  count(group: string): number {
    return this.#groups.get(group)?.keys.size ?? 0;
  }

  /** In order, from the first key that is not below `from`. The index must not change meanwhile. */
  keysOf(group: string, from?: K): Iterable<K> {
    return this.#groups.get(group)?.keys.values(from) ?? [];
  }

  /** Follows a row from the groups that it named to those that it names. */
  follow(key: K, before: readonly string[], after: readonly string[]): void {
    let kept = key;
    for (const group of before) if (!after.includes(group)) kept = this.#remove(group, key) ?? kept;
    for (const group of after) if (!before.includes(group)) this.#add(group, kept);
  }

  #add(name: string, key: K): void {
    const group = this.#groups.get(name);
    if (group?.owner === this.#owner) {
      group.keys.set(key, key);
      return;
    }
    const keys = group?.keys.clone() ?? new OrderedMap<K, K>();
    keys.set(key, key);
    this.#groups.set(name, { owner: this.#owner, keys });
  }

  #remove(name: string, key: K): K | undefined {
    const group = this.#groups.get(name);
    if (group === undefined) return undefined;
    if (group.keys.size === 1) {
      this.#groups.delete(name);
      return group.keys.firstKey();
    }
    if (group.owner === this.#owner) return group.keys.delete(key);
    const keys = group.keys.clone();
    const kept = keys.delete(key);
    this.#groups.set(name, { owner: this.#owner, keys });
    return kept;
  }
}
