// The port to where exported snapshots are kept. What every implementation promises: an object is there whole or not
// at all, and once `put` has resolved it survives a power cut. Failures are OperatorErrors without any credential.

export interface StoredObject {
  /** Relative to the store, with "/" between its parts. */
  readonly key: string;
  readonly modifiedMs: number;
}

export interface SnapshotStore {
  /** As an operator names it: a folder, or s3://bucket/prefix. */
  readonly place: string;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Null when there is no such object. */
  get(key: string): Promise<Uint8Array | null>;
  list(): Promise<readonly StoredObject[]>;
  /** Nothing happens when there is no such object. */
  delete(key: string): Promise<void>;
}
