// Events with the version of the key before them, for the watchers that asked for it.

import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import type { KeysView } from "../../group/keys-machine.ts";

/** The same object for all watchers, so that it is encoded once. */
const known = new WeakMap<Event, Event>();

/** A version that was compacted is left out, as in etcd. */
export function withPrevious(space: KeysView | null, events: readonly Event[]): readonly Event[] {
  return events.map((event) => {
    const found = known.get(event);
    if (found !== undefined) return found;
    const { kv } = event;
    const prevKv = (kv && space?.before(kv.key, kv.modRevision)) ?? undefined;
    if (prevKv === undefined) return event;
    const made = { ...event, prevKv };
    known.set(event, made);
    return made;
  });
}
