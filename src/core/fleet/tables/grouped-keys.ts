// An index beside a table's rows: which keys belong to which group, such as the domains of a shard.
// In its groups a key stands at a place: itself, unless the table gives its groups an order of their own.
// What must stay true: a key is in a group exactly while its row names that group, at the place that its row says, and no
// group is empty. The index follows from the rows alone, so it is no part of the digest, and a restored state has built it anew.

import { OrderedMap } from "./ordered-map.ts";

type Key = string | number;

interface Group<K extends Key> {
  /** A group with the mark of another index is copied before it is changed. */
  readonly owner: object;
  /** By place. A key that is its own place is its value too, so that one that changes groups stays one text. */
  readonly keys: OrderedMap<Key, K>;
}

/** Where a row's key is to be found: no two rows of a group have the same place. */
export interface Standing {
  readonly groups: readonly string[];
  readonly place: Key;
}

export class GroupedKeys<K extends Key> {
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

  /** In order, from the first place that is not below `from`. The index must not change meanwhile. */
  keysOf(group: string, from?: Key): Iterable<K> {
    return this.#groups.get(group)?.keys.values(from) ?? [];
  }

  /** Follows a row from the groups that it named to those that it names. */
  follow(key: K, before: Standing, after: Standing): void {
    const stays = before.place === after.place;
    let kept = key;
    for (const group of before.groups) {
      if (!stays || !after.groups.includes(group)) kept = this.#remove(group, before.place) ?? kept;
    }
    for (const group of after.groups) {
      if (!stays || !before.groups.includes(group)) this.#add(group, after.place, kept);
    }
  }

  #add(name: string, place: Key, key: K): void {
    const group = this.#groups.get(name);
    if (group?.owner === this.#owner) {
      group.keys.set(place, key);
      return;
    }
    const keys = group?.keys.clone() ?? new OrderedMap<Key, K>();
    keys.set(place, key);
    this.#groups.set(name, { owner: this.#owner, keys });
  }

  #remove(name: string, place: Key): K | undefined {
    const group = this.#groups.get(name);
    if (group === undefined) return undefined;
    if (group.keys.size === 1) {
      this.#groups.delete(name);
      return group.keys.get(place);
    }
    if (group.owner === this.#owner) return group.keys.delete(place);
    const keys = group.keys.clone();
    const kept = keys.delete(place);
    this.#groups.set(name, { owner: this.#owner, keys });
    return kept;
  }
}
