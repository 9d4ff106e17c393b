// The data of a snapshot that was received whole into a file of its own. When it becomes the group's
// snapshot, the file is renamed, not copied.

import type { StoredData } from "../raft/message.ts";
import { type Place, readFrom } from "./stored-snapshot.ts";

export class SpooledData implements StoredData {
  readonly sha256: Uint8Array;
  #place: Place;
  #isTaken = false;

  constructor(place: Place, sha256: Uint8Array) {
    this.#place = place;
    this.sha256 = sha256;
  }

  get bytes(): number {
    return this.#place.end - this.#place.start;
  }

  /** Whether the storage makes a snapshot of it. Then the storage owns the file. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  take(): void {
    this.#isTaken = true;
  }

  /** Gives the file another name, in the same directory. Durable when the promise resolves. */
  async moveTo(path: string, directory: string): Promise<void> {
    const { files } = this.#place;
    // On a retry the file may have its new name already.
    if (this.#place.path !== path) await files.rename(this.#place.path, path);
    this.#place = { ...this.#place, path };
    await files.syncDirectory(directory);
  }

  read(from: number): AsyncIterable<Uint8Array> {
    return readFrom(this.#place, from);
  }
}
