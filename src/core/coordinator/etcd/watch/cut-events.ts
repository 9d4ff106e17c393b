// How many events one answer has. Without fragments all events of a revision stay in one answer, however many they are.

import type { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import { REQUEST_BYTES_MAX } from "../key-writes.ts";
import { oncePerList } from "./per-list.ts";
import { eventBytes } from "./watch-encoding.ts";

/** An answer ends with the revision that reaches this. */
const ANSWER_BYTES = 256 * 1024;

/** Answers of whole revisions. */
export const cutEvents = oncePerList(cut);
/** For a caller that puts fragments together: as in etcd, each is smaller than a request may be, or has one event. */
export const fragmentsOf = oncePerList(fragment);

function cut(events: readonly Event[]): readonly (readonly Event[])[] {
  const answers: Event[][] = [[]];
  let bytes = 0;
  let last = 0;
  for (const event of events) {
    const revision = event.kv?.modRevision ?? 0;
    if (bytes >= ANSWER_BYTES && revision !== last) {
      answers.push([]);
      bytes = 0;
    }
    answers.at(-1)?.push(event);
    bytes += eventBytes(event);
    last = revision;
  }
  return answers;
}

function fragment(events: readonly Event[]): readonly (readonly Event[])[] {
  const fragments: Event[][] = [[]];
  let bytes = 0;
  for (const event of events) {
    const more = eventBytes(event);
    if (bytes > 0 && bytes + more >= REQUEST_BYTES_MAX) {
      fragments.push([]);
      bytes = 0;
    }
    fragments.at(-1)?.push(event);
    bytes += more;
  }
  return fragments;
}
