// The bytes for watchers: an answer for many watchers is encoded once, and so is a change that is in several
// answers. What must stay true: the bytes are the generated encoder's.

import { BinaryWriter } from "@bufbuild/protobuf/wire";
import {
  DenyListNews,
  NodeStatus,
  TableChange,
  WatchResponse,
} from "../../../wire/gen/fleet/v1/coordinator.ts";

// `changes`, length-delimited.
const CHANGES_TAG = (2 << 3) | 2;

const encodedResponses = new WeakMap<WatchResponse, Buffer>();
const encodedNews = new WeakMap<DenyListNews, Buffer>();
const encodedStatuses = new WeakMap<NodeStatus, Buffer>();
const encodedChanges = new WeakMap<TableChange, Uint8Array>();

/** All shards get the same one. It must not be modified afterwards. */
export function encodeNews(news: DenyListNews): Buffer {
  const bytes = encodedNews.get(news) ?? Buffer.from(DenyListNews.encode(news).finish());
  encodedNews.set(news, bytes);
  return bytes;
}

/** All watchers get the same one. It must not be modified afterwards. */
export function encodeStatus(status: NodeStatus): Buffer {
  const bytes = encodedStatuses.get(status) ?? Buffer.from(NodeStatus.encode(status).finish());
  encodedStatuses.set(status, bytes);
  return bytes;
}

/** Neither the response nor its changes may be modified afterwards. */
export function encodeWatchResponse(response: WatchResponse): Buffer {
  const known = encodedResponses.get(response);
  if (known !== undefined) return known;
  const { revision, changes, ...after } = response;
  const writer = new BinaryWriter();
  // Fields are written in the order of their numbers: the fields before the changes, the changes, and the
  // fields after them.
  WatchResponse.encode({ revision, changes: [], reset: false, resetReason: 0 }, writer);
  for (const change of changes) writer.uint32(CHANGES_TAG).bytes(encodedChange(change));
  WatchResponse.encode({ revision: 0, changes: [], ...after }, writer);
  const bytes = Buffer.from(writer.finish());
  encodedResponses.set(response, bytes);
  return bytes;
}

/** The change must not be modified afterwards. */
export function encodedChange(change: TableChange): Uint8Array {
  const known = encodedChanges.get(change);
  if (known !== undefined) return known;
  const bytes = TableChange.encode(change).finish();
  encodedChanges.set(change, bytes);
  return bytes;
}
