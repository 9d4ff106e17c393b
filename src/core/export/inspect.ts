// Whether an exported snapshot's bytes match its manifest. They are decoded in a thread of their own: a large
// state would hold up a leader's heartbeats.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { isOneExecutable, readOwnFile } from "../base/own-files.ts";
import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";
import type { Inspection } from "./inspect-bytes.ts";
import { sizeProblem } from "./manifest.ts";

/** How bytes are inspected. A seam: tests of the result need no thread. */
export type Inspect = (bytes: Uint8Array) => Promise<Inspection>;

// Beside this file, in src and in dist; a module without imports in the one executable (deploy/make-executable.ts).
const workerUrl = (): URL =>
  isOneExecutable
    ? new URL(
        `data:text/javascript;base64,${Buffer.from(readOwnFile("inspect-worker.js")).toString("base64")}`,
      )
    : new URL(`./inspect-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

const inspectInThread: Inspect = async (bytes) => {
  const worker = new Worker(workerUrl(), { workerData: bytes, execArgv: [] });
  try {
    const [inspection] = await once(worker, "message");
    return inspection;
  } finally {
    await worker.terminate();
  }
};

/** Why the bytes do not match the manifest; null when they do. */
export async function problemOf(
  manifest: SnapshotManifest,
  bytes: Uint8Array,
  inspect = inspectInThread,
): Promise<string | null> {
  const wrongSize = sizeProblem(manifest, bytes.length);
  if (wrongSize !== null) return wrongSize;
  const { sha256, content, problem } = await inspect(bytes);
  if (sha256 !== manifest.sha256) return "its SHA-256 differs from its manifest's";
  if (content === null) return problem ?? "it is not a snapshot";
  if (content.stateHash !== manifest.stateHash)
    return `its tables have hash ${content.stateHash}, its manifest says ${manifest.stateHash}`;
  if (content.index !== manifest.index)
    return `it ends at index ${content.index}, its manifest says ${manifest.index}`;
  return null;
}
