// A group's writes, reported in their order. Those that share a sync with a received snapshot may be over a moment before
// it. The core must not hear of entries first that follow the snapshot: it would look for them in a log that ends with the
// snapshot, for as long as that is restored, and refuse what it has acknowledged.

import type { Storage, WriteRequest } from "../../storage/storage.ts";

export class OrderedWrites {
  readonly #storage: Pick<Storage, "write">;
  /** The newest received snapshot that is being stored, or was the last one to be. */
  #snapshot: Promise<void> | null = null;

  constructor(storage: Pick<Storage, "write">) {
    this.#storage = storage;
  }

  write(request: WriteRequest): Promise<void> {
    const written = this.#storage.write(request);
    const inOrder = this.#snapshot === null ? written : this.#behind(this.#snapshot, written);
    if (request.snapshot !== null) this.#follow(inOrder);
    return inOrder;
  }

  #behind(before: Promise<void>, written: Promise<void>): Promise<void> {
    // What fails before it stops the replica as well.
    written.catch(() => undefined);
    return before.then(() => written);
  }

  #follow(snapshot: Promise<void>): void {
    this.#snapshot = snapshot;
    const forget = () => {
      if (this.#snapshot === snapshot) this.#snapshot = null;
    };
    snapshot.then(forget, forget);
  }
}
