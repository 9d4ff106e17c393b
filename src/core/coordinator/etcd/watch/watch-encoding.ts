// The bytes of watchers' answers: an event, and a long list of them, is encoded once, however many watchers get it. What
// must stay true: the bytes are the generated encoder's.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { WatchResponse } from "../../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { Event, type KeyValue } from "../../../wire/gen/etcd/mvccpb/kv.ts";
import { oncePerList, SHARED_LIST_MIN } from "./per-list.ts";

// `events`, length-delimited.
const EVENTS_TAG = (11 << 3) | 2;
/** Tag and length. */
const EVENT_OVERHEAD_BYTES = 6;

const encodedEvents = new WeakMap<Event, Uint8Array>();

/** The event must not be modified afterwards. */
function encodedEvent(event: Event): Uint8Array {
  const known = encodedEvents.get(event);
  if (known !== undefined) return known;
  const bytes = Event.encode(event).finish();
  encodedEvents.set(event, bytes);
  return bytes;
}

/** In an answer. */
export const eventBytes = (event: Event): number => encodedEvent(event).length + EVENT_OVERHEAD_BYTES;

const encodedList = oncePerList((events) => withEvents(new BinaryWriter(), events).finish());

const summed = oncePerList((events) => ({
  bytes: events.reduce((sum, event) => sum + eventBytes(event), 0),
}));

const kept = oncePerList((events) => ({
  bytes: events.reduce((sum, { kv, prevKv }) => sum + sizeOf(kv) + sizeOf(prevKv), 0),
}));

/** Of the keys and values, without encoding them. */
export const keptBytesOf = (events: readonly Event[]): number => kept(events).bytes;

const sizeOf = (kv: KeyValue | undefined): number => (kv === undefined ? 0 : kv.key.length + kv.value.length);

/** In one answer. */
export const bytesOfAll = (events: readonly Event[]): number => summed(events).bytes;

/** Events are the last field, so they follow the others as they are. */
export function encodeWatchResponse(response: WatchResponse): Buffer {
  const { events } = response;
  const writer = new BinaryWriter();
  WatchResponse.encode({ ...response, events: [] }, writer);
  if (events.length >= SHARED_LIST_MIN) return Buffer.concat([writer.finish(), encodedList(events)]);
  const bytes = withEvents(writer, events).finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function withEvents(writer: BinaryWriter, events: readonly Event[]): BinaryWriter {
  for (const event of events) writer.uint32(EVENTS_TAG).bytes(encodedEvent(event));
  return writer;
}
