// What is made of a list of events, kept for the other watchers that get the same list. A deletion of 90 000 keys is one list
// for thousands of watchers of a prefix. What is made of a short list costs less than keeping it.

import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";

export const SHARED_LIST_MIN = 64;

/** `make`, once for a long list. The list and its events must not change afterwards. */
export function oncePerList<Made extends object, More extends readonly unknown[]>(
  make: (events: readonly Event[], ...more: More) => Made,
): (events: readonly Event[], ...more: More) => Made {
  const known = new WeakMap<readonly Event[], Made>();
  return (events, ...more) => {
    if (events.length < SHARED_LIST_MIN) return make(events, ...more);
    const found = known.get(events) ?? make(events, ...more);
    known.set(events, found);
    return found;
  };
}
