// Events with the version of the key before them, for the watchers that asked for it.

import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import type { KeysView } from "../../group/keys-machine.ts";
import { oncePerList } from "./per-list.ts";

/** The same object for all watchers, so that it is encoded once. */
const known = new WeakMap<Event, Event>();

/**
 * As in etcd, a version that was compacted is left out. So is every version before a creation: a transaction can delete a key and
 * create it again in one revision.
 */
export const withPrevious = oncePerList(addPrevious);

function addPrevious(events: readonly Event[], space: KeysView | null): readonly Event[] {
  return events.map((event) => {
    const found = known.get(event);
    if (found !== undefined) return found;
    const { kv } = event;
    if (kv === undefined || kv.createRevision === kv.modRevision) return event;
    const prevKv = space?.before(kv.key, kv.modRevision) ?? undefined;
    if (prevKv === undefined) return event;
    const made = { ...event, prevKv };
    known.set(event, made);
    return made;
  });
}
