// A command of a context that runs before each change through that context, for example a check for a change freeze.
// Any exit code except 0 refuses the change. What must stay true: a hook that can't be run, or does not end, refuses
// too.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import type { ChangeHook } from "./target.ts";

const TIMEOUT_MS = 60_000;
const OUTPUT_SHOWN = 500;

/** The intended change, for the hook's environment. */
export interface IntendedChange {
  /** The context's name. */
  readonly context: string;
  /** As typed: "cluster bind". */
  readonly command: string;
  readonly reason: string;
}

/** Throws CHANGE_REFUSED unless the hook agrees. */
export async function askHook(hook: ChangeHook, change: IntendedChange): Promise<void> {
  const facts = {
    FLEET_HOOK_CONTEXT: change.context,
    FLEET_HOOK_COMMAND: change.command,
    FLEET_HOOK_REASON: change.reason,
  };
  const options = { cwd: hook.directory, env: { ...process.env, ...facts }, timeout: TIMEOUT_MS };
  const running = promisify(execFile)("/bin/sh", ["-c", hook.command], options);
  running.child.stdin?.end();
  await running.catch((error: unknown) => {
    throw refused(hook, change, error);
  });
}

function refused(hook: ChangeHook, { context }: IntendedChange, error: unknown): OperatorError {
  return new OperatorError("CHANGE_REFUSED", {
    what: `context ${context} refuses changes now: its beforeChange hook ${endOf(error)}`,
    why: wordsOf(error) || `it printed nothing: ${hook.command}`,
    next: "wait until it allows changes; the hook is in contexts.yaml (fleet context list shows the file under --json)",
    exit: Exit.Precondition,
    cause: error,
  });
}

function endOf(error: unknown): string {
  if (!(error instanceof Error)) return "failed";
  if ("killed" in error && error.killed === true) return `did not end within ${TIMEOUT_MS / 1000} s`;
  return "code" in error && typeof error.code === "number" ? `exited with ${error.code}` : "failed";
}

function wordsOf(error: unknown): string {
  const output = error instanceof Error ? { ...error } : {};
  const said = ["stdout", "stderr"].map((name) => String(Reflect.get(output, name) ?? "").trim());
  return said
    .filter((text) => text !== "")
    .join("; ")
    .slice(-OUTPUT_SHOWN);
}
