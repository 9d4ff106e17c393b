// Memory storage whose writes become durable when a test says so. They are visible at once, like the disk's.

import { MemoryStorage } from "../../../src/core/storage/memory-storage.ts";
import type { WriteRequest } from "../../../src/core/storage/storage.ts";

export class HeldStorage extends MemoryStorage {
  #held: (() => void)[] = [];
  isHolding = false;

  override async write(request: WriteRequest): Promise<void> {
    await super.write(request);
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve));
  }

  /** The oldest write only. */
  releaseFirst(): void {
    this.#held.shift()?.();
  }

  release(): void {
    this.isHolding = false;
    for (const resolve of this.#held) resolve();
    this.#held = [];
  }
}
