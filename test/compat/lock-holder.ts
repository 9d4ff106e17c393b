// A process of lock-holder-child.ts, which can be paused.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { TlsFiles } from "../../src/core/wire/tls/tls.ts";

const program = fileURLToPath(new URL("lock-holder-child.ts", import.meta.url));

export interface LockHolder {
  readonly endpoint: string;
  readonly tls: TlsFiles | null;
  readonly lock: string;
  readonly counter: string;
  readonly isFenced: boolean;
}

export class HolderProcess {
  readonly #child: ChildProcess;
  /** The lines that it has printed, the next one first. */
  readonly #lines: AsyncIterator<string>;

  constructor(holder: LockHolder) {
    const env = { ...process.env, HOLDER: JSON.stringify(holder) };
    const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"], env });
    // It may have ended when it is told to write.
    child.stdin.on("error", () => undefined);
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Throws if it prints another line, or ends. */
  async until(line: "read" | "done"): Promise<void> {
    const { value, done } = await this.#lines.next();
    if (done === true || value !== line)
      throw new Error(`expected "${line}", it printed ${JSON.stringify(value)}`);
  }

  pause(): void {
    this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
  }

  /** What it has read, it may add one to and write. */
  write(): void {
    this.#child.stdin?.write("write\n");
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}
