// Starters that find the same stale lock, in every order that a seed draws: each step of each is one turn of its own.
// Some are killed between two of their steps, and leave what they had made.

import { expect, test } from "vitest";
import type { FileSystem } from "../../../src/core/base/file-system.ts";
import { SeededPrng } from "../../../src/core/base/prng.ts";
import { LockFile } from "../../../src/core/storage/lock-file.ts";
import { turns } from "../../turns.ts";

const STALE = "99 1\n";
const LOCK = "/data/lock";

type LockFiles = Pick<FileSystem, "create" | "link" | "read" | "remove">;

const failure = (code: string) => Object.assign(new Error(code), { code });

interface Inode {
  text: string;
}

/** Files in memory; every operation is done at once. */
function filesIn(names: Map<string, Inode>): LockFiles {
  return {
    create: async (path) => {
      const inode = names.get(path) ?? { text: "" };
      inode.text = "";
      names.set(path, inode);
      return {
        fill: async (content) => {
          inode.text = new TextDecoder().decode(content as Uint8Array);
        },
        sync: async () => undefined,
        close: async () => undefined,
      };
    },
    link: async (from, to) => {
      const inode = names.get(from);
      if (inode === undefined) throw failure("ENOENT");
      if (names.has(to)) throw failure("EEXIST");
      names.set(to, inode);
    },
    read: async (path) => {
      const inode = names.get(path);
      if (inode === undefined) throw failure("ENOENT");
      return new TextEncoder().encode(inode.text);
    },
    remove: async (path) => void names.delete(path),
  };
}

/** Processes that take turns, a file operation each. */
class Machine {
  readonly names = new Map<string, Inode>([[LOCK, { text: STALE }]]);
  readonly holders = new Set<string>();
  readonly #files = filesIn(this.names);
  readonly #random: SeededPrng;
  readonly #alive = new Set<string>();
  readonly #waiting: { readonly process: string; readonly run: () => void }[] = [];

  constructor(seed: number) {
    this.#random = new SeededPrng(seed);
  }

  start(process: string): void {
    this.#alive.add(process);
    const files = new Proxy(this.#files, {
      get:
        (target, name: keyof LockFiles) =>
        async (...given: [never, never]) => {
          await new Promise<void>((run) => this.#waiting.push({ process, run }));
          return target[name](...given);
        },
    });
    const processes = {
      own: async () => process,
      isAlive: async (named: string) => this.#alive.has(named.trim()),
    };
    const world = { files: files as FileSystem, processes };
    LockFile.acquire("/data", () => undefined, world).then(
      () => this.#alive.has(process) && this.holders.add(process),
      () => undefined,
    );
  }

  kill(process: string): void {
    this.#alive.delete(process);
    this.holders.delete(process);
  }

  /** Runs one process's next `count` steps, and no more. */
  async step(count: number): Promise<void> {
    await settle();
    for (let done = 0; done < count; done += 1) {
      this.#waiting.shift()?.run();
      await settle();
    }
    this.#waiting.length = 0;
  }

  async run(killPermille: number): Promise<void> {
    await settle();
    const turn = turns("the end of all processes", 100_000);
    while (this.#waiting.length > 0) {
      turn();
      const [step] = this.#waiting.splice(this.#random.below(this.#waiting.length), 1);
      if (step === undefined || !this.#alive.has(step.process)) continue;
      if (this.#random.below(1_000) < killPermille) this.kill(step.process);
      else step.run();
      await settle();
      expect(this.holders.size).toBeLessThanOrEqual(1);
    }
  }
}

async function settle(): Promise<void> {
  for (let hop = 0; hop < 20; hop += 1) await null;
}

test("three starters at once never both remove a stale lock, in 2 000 orders", async () => {
  let taken = 0;
  for (let seed = 1; seed <= 2_000; seed += 1) {
    const machine = new Machine(seed);
    for (const process of ["101 7", "102 7", "103 7"]) machine.start(process);
    await machine.run(0);
    taken += machine.holders.size;
    expect([...machine.names.keys()], `seed ${seed}`).toEqual(machine.holders.size === 1 ? [LOCK] : []);
  }
  expect(taken).toBeGreaterThan(1_900);
});

test("starters that are killed on the way leave nothing that keeps the next one out", async () => {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const machine = new Machine(seed);
    for (const process of ["101 7", "102 7", "103 7"]) machine.start(process);
    await machine.run(60);
    for (const process of ["101 7", "102 7", "103 7"]) machine.kill(process);
    machine.start("104 7");
    await machine.run(0);
    expect([...machine.holders], `seed ${seed}`).toEqual(["104 7"]);
  }
});

// In a container every process may have the same id.
test("a starter that is killed at any step does not keep out the next one of the same id", async () => {
  for (let steps = 0; steps <= 12; steps += 1) {
    const machine = new Machine(steps);
    machine.start("7 1");
    await machine.step(steps);
    machine.kill("7 1");
    machine.start("7 2");
    await machine.run(0);
    expect([...machine.holders], `killed after ${steps} steps`).toEqual(["7 2"]);
  }
});
