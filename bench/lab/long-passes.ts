// The long passes of servers' event loops, noted by the servers themselves (passes-preload.ts). During one, a server
// neither sends heartbeats nor answers. What must stay true: the other numbers of the servers stay what they are. So they load
// plain JavaScript: what strips types would count as their memory and their start.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { stripTypeScriptTypes } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { makeFolder, removeFolder } from "../../test/make-folder.ts";

export interface LongestPass {
  /** Of the main thread, to a tick of the kernel's clock. */
  readonly cpuMs: number;
  /** On a busy machine it is mostly other processes' turn. */
  readonly ms: number;
}

export class LongPasses {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  static async open(): Promise<LongPasses> {
    const passes = new LongPasses(await makeFolder());
    const typed = await readFile(new URL("passes-preload.ts", import.meta.url), "utf8");
    await writeFile(passes.#preload, stripTypeScriptTypes(typed));
    return passes;
  }

  /** NODE_OPTIONS of the servers that are measured. */
  get nodeOptions(): string {
    return `--import ${pathToFileURL(this.#preload).href}`;
  }

  /** Of any server, of those that ended after `fromMs`, in milliseconds since 1970. */
  async longestSince(fromMs: number): Promise<LongestPass> {
    const longest = { cpuMs: 0, ms: 0 };
    const names = (await readdir(this.#directory)).filter((name) => name.endsWith(".passes"));
    for (const name of names) {
      const text = await readFile(join(this.#directory, name), "utf8");
      for (const line of text.trimEnd().split("\n")) {
        const [endMs = 0, cpuMs = 0, ms = 0] = line.split(" ").map(Number);
        if (endMs < fromMs) continue;
        longest.cpuMs = Math.max(longest.cpuMs, cpuMs);
        longest.ms = Math.max(longest.ms, ms);
      }
    }
    return longest;
  }

  get #preload(): string {
    return join(this.#directory, "passes-preload.mjs");
  }

  close(): Promise<void> {
    return removeFolder(this.#directory);
  }
}
