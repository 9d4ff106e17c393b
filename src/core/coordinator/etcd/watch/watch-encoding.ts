// The bytes of watchers' answers: an event is encoded once, however many watchers get it. What must stay true: the
// bytes are the generated encoder's.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { WatchResponse } from "../../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { Event } from "../../../wire/gen/etcd/mvccpb/kv.ts";

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

/** Events are the last field, so they follow the others as they are. */
export function encodeWatchResponse(response: WatchResponse): Buffer {
  const writer = new BinaryWriter();
  WatchResponse.encode({ ...response, events: [] }, writer);
  for (const event of response.events) writer.uint32(EVENTS_TAG).bytes(encodedEvent(event));
  const bytes = writer.finish();
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
