// The mark of a replica that lost its disk and is not yet readmitted (ADR-0002). It survives restarts. So a
// half-restored replica does not vote after a restart, and a fully restored one does.

import { dirname, join } from "node:path";
import { diskFiles } from "../base/disk-files.ts";
import { createDirectory, writeFileDurably } from "../base/durable-file.ts";
import type { FileSystem } from "../base/file-system.ts";
import { ifAbsent } from "../base/system-error.ts";

const REJOIN_MARK_NAME = "rejoining";

const LOST = "lost: see docs/adr/0002-rejoin.md\n";
const WHOLE = "whole: see docs/adr/0002-rejoin.md\n";

/** The mark in a data folder: "this replica lost its disk, and is not yet known to be a voter again". */
export class RejoinMark {
  readonly #path: string;
  readonly #files: FileSystem;

  constructor(dataDirectory: string, files: FileSystem = diskFiles) {
    this.#path = join(dataDirectory, REJOIN_MARK_NAME);
    this.#files = files;
  }

  async isSet(): Promise<boolean> {
    return (await this.#read()) !== null;
  }

  /** Whether the folder holds the log that removed this replica and added it again. */
  async isWhole(): Promise<boolean> {
    return (await this.#read()) === WHOLE;
  }

  async set(): Promise<void> {
    await createDirectory(dirname(this.#path), undefined, this.#files);
    await this.#write(LOST);
  }

  async setWhole(): Promise<void> {
    await this.#write(WHOLE);
  }

  async clear(): Promise<void> {
    await this.#files.remove(this.#path);
    await this.#files.syncDirectory(dirname(this.#path));
  }

  #write(text: string): Promise<void> {
    return writeFileDurably(this.#path, new TextEncoder().encode(text), undefined, this.#files);
  }

  async #read(): Promise<string | null> {
    const read = this.#files.read(this.#path);
    return await read.then((bytes) => new TextDecoder().decode(bytes), ifAbsent(null));
  }
}
