// What an exported snapshot's bytes really are, and whether that is what its manifest says.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { SnapshotManifest } from "../wire/gen/fleet/v1/coordinator.ts";

export interface Inspection {
  readonly sha256: string;
  /** Null when the bytes are no snapshot. */
  readonly content: { readonly index: number; readonly stateHash: string } | null;
  readonly problem: string | null;
}

// The same file beside this one, in src and in dist.
const WORKER = new URL(`./inspect-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`, import.meta.url);

export async function inspectBytes(bytes: Uint8Array): Promise<Inspection> {
  const worker = new Worker(WORKER, { workerData: bytes, execArgv: [] });
  try {
    const [inspection] = await once(worker, "message");
    return inspection;
  } finally {
    await worker.terminate();
  }
}

/** Why the bytes are not what the manifest says; null when they are. Truncation is told before anything else. */
export async function problemOf(manifest: SnapshotManifest, bytes: Uint8Array): Promise<string | null> {
  if (bytes.length !== manifest.bytes)
    return `it has ${bytes.length} bytes, its manifest says ${manifest.bytes}`;
  const { sha256, content, problem } = await inspectBytes(bytes);
  if (sha256 !== manifest.sha256) return "its SHA-256 is not the one that its manifest says";
  if (content === null) return problem ?? "it is no snapshot";
  if (content.stateHash !== manifest.stateHash)
    return `its tables have hash ${content.stateHash}, its manifest says ${manifest.stateHash}`;
  if (content.index !== manifest.index)
    return `it ends at index ${content.index}, its manifest says ${manifest.index}`;
  return null;
}
