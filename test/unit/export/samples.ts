// Snapshots as a leader captures them, and a store in memory.

import { createHash } from "node:crypto";
import type { CapturedSnapshot } from "../../../src/core/export/export-snapshot.ts";
import type { Inspect } from "../../../src/core/export/inspect.ts";
import { inspectBytes } from "../../../src/core/export/inspect-bytes.ts";
import type { SnapshotStore, StoredObject } from "../../../src/core/export/snapshot-store.ts";
import { encodeSnapshot } from "../../../src/core/fleet/snapshot/snapshot.ts";
import type { SnapshotManifest } from "../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { member, Replica, register } from "../fleet/replica.ts";

/** In this thread. */
export const inspect: Inspect = async (bytes) => inspectBytes(bytes);

/** Of a fleet whose log has so many entries. */
export function captured(entries: number, differs: Partial<SnapshotManifest> = {}): CapturedSnapshot {
  const replica = new Replica().applyAll([member(1), member(2), member(3)]);
  for (let shard = 3; shard < entries; shard += 1) replica.apply(register(`s${shard}`));
  const { state } = replica;
  const bytes = encodeSnapshot(state.capture());
  const manifest: SnapshotManifest = {
    ...{ clusterId: "id-1", clusterName: "local", fleetVersion: "0.1.0" },
    ...{ index: state.appliedIndex, term: 3, stateHash: state.hash(), bytes: bytes.length },
    sha256: createHash("sha256").update(bytes).digest("hex"),
    members: [1, 2, 3].map((nodeId) => ({ nodeId, name: `n${nodeId}`, address: "h:1", learner: false })),
    ...{ atMs: 1_000 * entries, auditFirst: 1, auditLast: state.appliedIndex },
    ...differs,
  };
  return { manifest, bytes };
}

export class MemoryStore implements SnapshotStore {
  readonly place = "memory";
  readonly objects = new Map<string, Uint8Array>();
  /** Called before every operation; what it throws is the failure. */
  before: (operation: string, key: string) => void = () => undefined;
  /** Waited for before every operation: a store that is slow, or hangs. */
  answers: () => Promise<void> = () => Promise.resolve();
  modifiedMs = 0;

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.before("put", key);
    await this.answers();
    this.objects.set(key, bytes);
  }

  async get(key: string): Promise<Uint8Array | null> {
    this.before("get", key);
    await this.answers();
    return this.objects.get(key) ?? null;
  }

  async list(): Promise<readonly StoredObject[]> {
    this.before("list", "");
    await this.answers();
    return [...this.objects].map(([key, { length: bytes }]) => ({ key, bytes, modifiedMs: this.modifiedMs }));
  }

  async delete(key: string): Promise<void> {
    this.before("delete", key);
    await this.answers();
    this.objects.delete(key);
  }
}
