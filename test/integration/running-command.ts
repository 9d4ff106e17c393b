// A `fleet` command that runs, to be watched line by line and signalled before its end.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Ran } from "./local-fleet.ts";

export class RunningCommand {
  readonly #process: ChildProcess;
  readonly #ended: Promise<Ran>;
  #stdout = "";
  #stderr = "";
  #watchers: { readonly line: RegExp; readonly seen: () => void }[] = [];

  constructor(program: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) {
    this.#process = spawn(process.execPath, [program, ...args], { cwd, env, stdio: "pipe" });
    this.#process.stdout?.on("data", (chunk: Buffer) => {
      this.#stdout += chunk.toString();
    });
    this.#process.stderr?.on("data", (chunk: Buffer) => this.#hear(chunk.toString()));
    this.#ended = once(this.#process, "close").then(([code]) => ({
      exit: typeof code === "number" ? code : -1,
      stdout: this.#stdout,
      stderr: this.#stderr,
    }));
  }

  /** What it has written to stdout so far. */
  get output(): string {
    return this.#stdout;
  }

  /** Resolves once stderr shows `line`; false when the command ended without. */
  async says(line: RegExp): Promise<boolean> {
    const said = new Promise<boolean>((resolve) => {
      if (line.test(this.#stderr)) resolve(true);
      this.#watchers.push({ line, seen: () => resolve(true) });
    });
    return Promise.race([said, this.#ended.then(() => line.test(this.#stderr))]);
  }

  /** How it ended; the exit is -1 when a signal ended it. */
  ended(): Promise<Ran> {
    return this.#ended;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  #hear(text: string): void {
    this.#stderr += text;
    const seen = this.#watchers.filter(({ line }) => line.test(this.#stderr));
    this.#watchers = this.#watchers.filter((watcher) => !seen.includes(watcher));
    for (const watcher of seen) watcher.seen();
  }
}
