// A snapshot as a replica streams it: its description, then its bytes.

import { Metadata } from "@grpc/grpc-js";
import { wallTimeOf } from "../core/base/clock.ts";
import { Exit, OperatorError } from "../core/base/errors.ts";
import type { CapturedSnapshot } from "../core/export/export-snapshot.ts";
import type { CoordinatorClient, SnapshotManifest } from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { CallLimits } from "../core/wire/unary.ts";

/** Rejects with grpc-js's ServiceError, or an OperatorError when the stream ended early. */
export async function receiveSnapshot(
  client: CoordinatorClient,
  { endMs, signal }: CallLimits,
): Promise<CapturedSnapshot> {
  const call = client.snapshotSave({}, new Metadata(), { deadline: wallTimeOf(endMs) });
  const abort = () => call.cancel();
  signal?.addEventListener("abort", abort, { once: true });
  let manifest: SnapshotManifest | null = null;
  const parts: Uint8Array[] = [];
  try {
    for await (const { part } of call) {
      if (part?.$case === "manifest") manifest = part.value;
      else if (part?.$case === "data") parts.push(part.value);
    }
  } finally {
    signal?.removeEventListener("abort", abort);
  }
  const bytes = Buffer.concat(parts);
  if (manifest === null || bytes.length !== manifest.bytes) throw cutShort();
  return { manifest, bytes };
}

function cutShort(): OperatorError {
  return new OperatorError("SNAPSHOT_CUT_SHORT", {
    what: "the node ended the snapshot's stream before all of it was sent",
    next: "try again",
    exit: Exit.Failure,
  });
}
