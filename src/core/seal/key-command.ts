// Runs a command that prints the operator's keys, such as a client of a secret store. What must stay true: it
// ends in time, with every process that it started, even if they ignore signals. No error contains its
// output.

import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { quoted } from "../base/printable.ts";
import { KEY_TEXT_BYTES_MAX } from "./key-file.ts";
import { KEY_COMMAND, keyUnusable } from "./seal-errors.ts";

const COMMAND_MS = 30_000;
const STDERR_BYTES_MAX = 4 * 1024;
const STDERR_SHOWN = 200;
/** May be a key, or a token of the secret store: a long run of base64 characters. */
const SECRET_LIKE = /[A-Za-z0-9+/=_-]{32,}/g;

type Child = ChildProcessByStdio<null, Readable, Readable>;

/** The command's output. Throws ENCRYPTION_KEY_UNUSABLE. */
export function runKeyCommand(command: string, limitMs = COMMAND_MS): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  // A process group of its own, so that all processes of the shell can be killed.
  const child = spawn("/bin/sh", ["-c", command], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const printed = new Kept(child.stdout, KEY_TEXT_BYTES_MAX, () => {
    fail(`it printed more than ${KEY_TEXT_BYTES_MAX / 1024} KB`);
  });
  const said = new Kept(child.stderr, STDERR_BYTES_MAX, () => undefined);
  const fail = (why: string) => {
    end(child);
    reject(keyUnusable(KEY_COMMAND, why + saidWords(said.text)));
  };
  const timer = setTimeout(() => fail(`it did not end within ${limitMs / 1_000} s`), limitMs);
  child.once("error", (error) => fail(error.message));
  child.once("close", (code, signal) => {
    if (code === 0) resolve(printed.text);
    else fail(`it ended with ${code ?? signal ?? "an error"}`);
  });
  return promise.finally(() => clearTimeout(timer));
}

/** Keeps the first bytes of a stream. The rest is read and dropped, so that the writer does not block. */
class Kept {
  readonly #parts: Buffer[] = [];
  #left: number;

  constructor(stream: Readable, bytesMax: number, onMore: () => void) {
    this.#left = bytesMax;
    stream.on("error", () => undefined);
    stream.on("data", (part: Buffer) => {
      if (part.length > this.#left) onMore();
      this.#parts.push(part.subarray(0, this.#left));
      this.#left = Math.max(0, this.#left - part.length);
    });
  }

  get text(): string {
    return Buffer.concat(this.#parts).toString("utf8");
  }
}

/** Destroys the streams too: a process that left the group may hold them open. */
function end(child: Child): void {
  // Once the shell has ended and the streams are closed, another process may have its id.
  const hasClosed = child.stdout.closed && child.stderr.closed;
  if (child.pid !== undefined && !hasClosed) {
    try {
      process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended meanwhile.
    }
  }
  child.stdout.destroy();
  child.stderr.destroy();
}

function saidWords(stderr: string): string {
  const shown = stderr.replace(SECRET_LIKE, "[hidden]").trim();
  return shown === "" ? "" : `, and said ${quoted(shown, STDERR_SHOWN)}`;
}
