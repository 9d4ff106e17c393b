// The port to the store of exported snapshots. Every implementation promises: an object is there whole or not
// at all, and once `put` has resolved it survives a power cut. Failures are OperatorErrors without any
// credential. When a given signal is aborted, the operation ends as soon as it can. A caller that can't wait
// uses until-aborted.ts.

export interface StoredObject {
  /** Relative to the store, with "/" between its parts; a key that ends in "/" is an empty folder. */
  readonly key: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface SnapshotStore {
  /** As an operator writes it: a folder, or s3://bucket/prefix. */
  readonly place: string;
  put(key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Null when there is no such object. */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array | null>;
  list(signal?: AbortSignal): Promise<readonly StoredObject[]>;
  /** Does nothing when there is no such object. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
}
