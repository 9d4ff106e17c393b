// Sends a snapshot to a client that stores it elsewhere. It contains everything committed at the time of the
// call.

import type { ServerWritableStream } from "@grpc/grpc-js";
import type { SnapshotSaveRequest, SnapshotSaveResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { Places } from "../calls/places.ts";
import { LINEARIZABLE, readable } from "../calls/reads.ts";
import { captureExport } from "../exports/capture-export.ts";

/** Each holds a copy of the state in memory. */
const SAVES_MAX = 2;
const IDENTITY_SAVES_MAX = 1;
const PART_BYTES = 256 * 1024;

type Call = ServerWritableStream<SnapshotSaveRequest, SnapshotSaveResponse>;

/** The returned function throws the RpcError of a refusal before anything was sent. */
export function savingSnapshots(context: ServiceContext): (call: Call, caller: Caller) => Promise<void> {
  const places = new Places({
    total: SAVES_MAX,
    perIdentity: IDENTITY_SAVES_MAX,
    reason: "TOO_MANY_SAVES",
    doing: "save a snapshot of this replica",
  });
  return async (call, caller) => {
    const leave = places.take(caller.identity);
    await snapshotSave(context, call, caller).finally(leave);
  };
}

async function snapshotSave(context: ServiceContext, call: Call, caller: Caller): Promise<void> {
  await readable(context, LINEARIZABLE, caller);
  // If the caller is gone, copying the tables would be wasted.
  if (call.cancelled) return;
  const { manifest, bytes } = await captureExport(context);
  await send(call, { part: { $case: "manifest", value: manifest } });
  for (let from = 0; from < bytes.length && !call.cancelled; from += PART_BYTES) {
    await send(call, { part: { $case: "data", value: bytes.subarray(from, from + PART_BYTES) } });
  }
  call.end();
}

const MAKES_ROOM = ["drain", "cancelled", "close", "error"] as const;

/** Resolves when there is room for more, or the caller is gone. */
function send(call: Call, response: SnapshotSaveResponse): Promise<void> {
  if (call.cancelled || call.write(response)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      for (const event of MAKES_ROOM) call.off(event, done);
      resolve();
    };
    for (const event of MAKES_ROOM) call.on(event, done);
  });
}
