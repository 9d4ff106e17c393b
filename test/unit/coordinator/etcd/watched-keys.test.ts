// Which watches some events concern: sorted and shared, and still as if each watch had been asked about each event.

import { expect, test } from "vitest";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import type { Watch } from "../../../../src/core/coordinator/etcd/watch/watch.ts";
import { WatchedKeys } from "../../../../src/core/coordinator/etcd/watch/watched-keys.ts";
import { concerns, rangeOf } from "../../../../src/core/kv/key-bytes.ts";
import { KeySpace } from "../../../../src/core/kv/key-space.ts";
import { from, Told, World } from "./hub-world.ts";
import { apply, bytes, put } from "./key-commands.ts";

test.each([1, 2, 3])("each range finds its own events, in their order (seed %i)", (seed) => {
  const random = new SeededPrng(seed);
  const name = () => "abc".slice(random.below(3)) + "xyz".slice(random.below(4));
  const world = new World();
  const applied = Array.from({ length: 60 }, () =>
    apply(world.space ?? new KeySpace(), put(name(), "")),
  ).flat();
  const events = applied.flatMap((each) => [...each.events]);
  const watched = new WatchedKeys();
  for (let at = 0; at < 40; at += 1) {
    const ends = ["", "\0", name(), name()];
    const row = from(0, name(), ends[random.below(ends.length)]);
    watched.add({ ...row, watcher: new Told(), next: 0, nextSub: 0, isSynced: true });
  }
  const found = new Map<Watch, readonly unknown[]>();
  for (const { count, watches, events: list } of watched.matching(events)) {
    expect(list()).toHaveLength(count);
    for (const watch of watches) found.set(watch, list());
  }
  for (const watch of watched.all()) {
    const range = rangeOf(watch.key, watch.rangeEnd);
    const own = events.filter(({ kv }) => concerns(watch.key, range, kv?.key ?? bytes("")));
    expect(found.get(watch) ?? []).toEqual(own);
  }
});
