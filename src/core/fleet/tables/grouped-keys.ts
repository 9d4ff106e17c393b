// An index beside a table's rows: which keys belong to which group, such as the domains of a shard. Within a
// group a key has a place: itself, unless the table orders its groups differently. What must stay true: a key is in a
// group exactly while its row names that group, at the place that its row gives. No group is empty. The index follows
// from the rows alone. So it is not part of the digest, and a restore builds it anew.

import { OrderedMap } from "./ordered-map.ts";

type Key = string | number;

interface Group<K extends Key> {
  /** A group with the mark of another index is copied before it is changed. */
  readonly owner: object;
  /** By place. A key that is its own place is also the value, so that one text serves for both. */
  readonly keys: OrderedMap<Key, K>;
}

/** A row's groups and its place in them: no two rows of a group have the same place. */
export interface Standing {
  readonly groups: readonly string[];
  readonly place: Key;
}

export class GroupedKeys<K extends Key> {
  #owner = {};
  #groups = new OrderedMap<string, Group<K>>();

  /** An O(1) copy: later changes of one do not change the other. */
  clone(): GroupedKeys<K> {
    const copy = new GroupedKeys<K>();
    copy.#groups = this.#groups.clone();
    this.#owner = {};
    return copy;
  }

  count(group: string): number {
    return this.#groups.get(group)?.keys.size ?? 0;
  }

  /** In order, from the first place at or above `from`. The index must not change meanwhile. */
  keysOf(group: string, from?: Key): Iterable<K> {
    return this.#groups.get(group)?.keys.values(from) ?? [];
  }

  /** Moves a row's key from its old groups to its new ones. */
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
