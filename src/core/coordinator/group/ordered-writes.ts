// Reports a group's writes in their order. Writes that share a sync with a received snapshot may end a moment
// before it. The core must not hear of entries behind the snapshot first. During the restore it would look
// for them in a log that ends with the snapshot, and refuse what it has acknowledged.

import type { Storage, WriteRequest } from "../../storage/storage.ts";

export class OrderedWrites {
  readonly #storage: Pick<Storage, "write">;
  /** The newest received snapshot that is or was being stored. */
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
    // A failure before it stops the replica as well.
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
