// The mark of a replica that lost its disk and is not yet taken in again (ADR-0002). It survives restarts, so that a
// half-restored replica does not vote either, and one that is whole does.

import { existsSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createDirectory, syncDirectory, writeFileDurably } from "../base/durable-file.ts";

const LOST = "lost: see docs/adr/0002-rejoin.md\n";
const WHOLE = "whole: see docs/adr/0002-rejoin.md\n";

/** The mark in a data folder that says "this replica lost its disk and does not yet know itself a voter again". */
export class RejoinMark {
  readonly #path: string;

  constructor(dataDirectory: string) {
    this.#path = join(dataDirectory, "rejoining");
  }

  isSet(): boolean {
    return existsSync(this.#path);
  }

  /** Whether the folder holds the log that took this replica out and in again. */
  isWhole(): boolean {
    return this.isSet() && readFileSync(this.#path, "utf8") === WHOLE;
  }

  async set(): Promise<void> {
    await createDirectory(dirname(this.#path));
    await writeFileDurably(this.#path, new TextEncoder().encode(LOST));
  }

  async setWhole(): Promise<void> {
    await writeFileDurably(this.#path, new TextEncoder().encode(WHOLE));
  }

  async clear(): Promise<void> {
    await rm(this.#path, { force: true });
    await syncDirectory(dirname(this.#path));
  }
}
