// A command that runs while a lock is held. It leads a process group of its own, so that its child processes end with
// it. It gets SIGTERM first, then SIGKILL after a grace.

import { type ChildProcess, spawn } from "node:child_process";
import { constants } from "node:os";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { WaitClock } from "../../core/base/wait-clock.ts";

// Shells' rule for a command that a signal ended.
const BY_SIGNAL = 128;

export interface CommandEnd {
  /** Its exit code; 128 and the number of the signal that ended it. */
  readonly exit: number;
  /** It was told to end. */
  readonly wasEnded: boolean;
}

/** Runs `words` until it ends, or until `ending` is aborted and it has ended. Throws COMMAND_UNUSABLE. */
export async function runHeld(
  words: readonly string[],
  facts: Readonly<Record<string, string>>,
  ending: AbortSignal,
  graceMs: number,
  clock: WaitClock,
): Promise<CommandEnd> {
  const [program = "", ...args] = words;
  const env = { ...process.env, ...facts };
  const child = spawn(program, args, { env, stdio: "inherit", detached: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", (error) => reject(unusable(program, error)));
    child.once("exit", (code, signal) =>
      resolve(code ?? BY_SIGNAL + (signal === null ? 0 : constants.signals[signal])),
    );
  });
  const over = new AbortController();
  const stopping = endOnAbort(child, ending, over.signal, graceMs, clock);
  try {
    const exit = await ended;
    const wasEnded = ending.aborted;
    // What it started must not work on without the lock.
    if (wasEnded) signalGroup(child, "SIGKILL");
    return { exit, wasEnded };
  } finally {
    over.abort();
    await stopping;
  }
}

async function endOnAbort(
  child: ChildProcess,
  ending: AbortSignal,
  over: AbortSignal,
  graceMs: number,
  clock: WaitClock,
): Promise<void> {
  await new Promise<void>((resolve) => {
    if (ending.aborted || over.aborted) resolve();
    ending.addEventListener("abort", () => resolve(), { once: true });
    over.addEventListener("abort", () => resolve(), { once: true });
  });
  if (over.aborted) return;
  signalGroup(child, "SIGTERM");
  await clock.sleep(graceMs, over);
  if (!over.aborted) signalGroup(child, "SIGKILL");
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // Every process of the group has ended.
    if (!isErrno(error, "ESRCH", "EPERM")) throw error;
  }
}

function unusable(program: string, error: Error): OperatorError {
  const isMissing = isErrno(error, "ENOENT");
  return new OperatorError("COMMAND_UNUSABLE", {
    what: `${program} can't be run`,
    why: isMissing ? "there is no such program" : error.message,
    next: "check the command after --",
    exit: isMissing ? Exit.UnknownCommand : Exit.Failure,
    cause: error,
  });
}
