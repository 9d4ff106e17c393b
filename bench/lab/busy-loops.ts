// Another user of the machine: processes that do nothing but burn a core each, at normal priority.
// What must stay true: none outlives the bench.

import { spawn } from "node:child_process";
import { once } from "node:events";

export class BusyLoops {
  readonly #loops = new Set<ReturnType<typeof spawn>>();

  constructor(count: number) {
    for (let number = 0; number < count; number += 1) {
      this.#loops.add(spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
    }
    process.on("exit", this.#endWithBench);
  }

  /** Resolves when all of them are gone. */
  async stop(): Promise<void> {
    const ended = [...this.#loops].map((loop) => once(loop, "exit"));
    this.#endWithBench();
    await Promise.all(ended);
    this.#loops.clear();
    process.off("exit", this.#endWithBench);
  }

  readonly #endWithBench = (): void => {
    for (const loop of this.#loops) loop.kill("SIGKILL");
  };
}
