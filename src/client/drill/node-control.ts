// What a drill can do to a fleet's processes: everything in a local fleet, elsewhere what the context's hooks
// do.

import { execFile } from "node:child_process";
import { rename, rm } from "node:fs/promises";
import { promisify } from "node:util";
import { Exit, messageOf, OperatorError } from "../../core/base/errors.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { Need } from "../../core/drill/drill-spec.ts";
import type { DrillHooks, Target } from "../context/target.ts";
import { processFiles } from "../files/layout.ts";
import type { LocalDeps } from "../local/deps.ts";
import { killNode, pauseNode, resumeNode, startNode, stopNode } from "../local/process-control.ts";

/** Each method takes the name of a coordinator or shard. Repeating a call changes nothing. */
export interface NodeControl {
  readonly can: ReadonlySet<Need>;
  kill(node: string): Promise<void>;
  start(node: string): Promise<void>;
  stop(node: string): Promise<void>;
  pause(node: string): Promise<void>;
  resume(node: string): Promise<void>;
  /** Moves the data of a stopped node aside; `discard` removes them for good. */
  wipe(node: string): Promise<void>;
  discard(node: string): Promise<void>;
}

const HOOK_TIMEOUT_MS = 60_000;
const ASIDE = ".drill";

/** For a local fleet, for its context's hooks, or none. */
export function nodeControlOf(target: Target, deps: LocalDeps): NodeControl {
  if (target.directory !== undefined) return localControl(target.directory, deps);
  return hookControl(target.hooks ?? {});
}

function localControl(directory: string, deps: LocalDeps): NodeControl {
  const dataOf = (node: string) => processFiles(directory, node).data;
  return {
    can: new Set<Need>(["kill", "start", "stop", "pause", "wipe", "shards", "agents"]),
    kill: async (node) => void (await killNode(directory, node, deps)),
    start: async (node) => void (await startNode(directory, node, deps)),
    stop: async (node) => void (await stopNode(directory, node, deps)),
    pause: async (node) => void (await pauseNode(directory, node, deps.processes)),
    resume: async (node) => void (await resumeNode(directory, node, deps.processes)),
    wipe: async (node) => {
      await rm(dataOf(node) + ASIDE, { recursive: true, force: true });
      await rename(dataOf(node), dataOf(node) + ASIDE).catch((error: unknown) => {
        if (!isErrno(error, "ENOENT")) throw error;
      });
    },
    discard: (node) => rm(dataOf(node) + ASIDE, { recursive: true, force: true }),
  };
}

function hookControl({ kill, start, directory }: Partial<DrillHooks>): NodeControl {
  const run = (name: string, command: string | undefined) => async (node: string) => {
    if (command === undefined) throw missing(name);
    await runHook(name, command, directory ?? ".", node);
  };
  const never = (name: string) => async () => {
    throw missing(name);
  };
  const can = new Set<Need>();
  if (kill !== undefined) can.add("kill");
  if (start !== undefined) can.add("start");
  return {
    can,
    kill: run("kill", kill),
    start: run("start", start),
    stop: never("stop"),
    pause: never("pause"),
    resume: never("resume"),
    wipe: never("wipe"),
    discard: never("wipe"),
  };
}

async function runHook(name: string, command: string, directory: string, node: string): Promise<void> {
  const env = { ...process.env, FLEET_HOOK_NODE: node };
  const running = promisify(execFile)("/bin/sh", ["-c", command], {
    ...{ cwd: directory, env, timeout: HOOK_TIMEOUT_MS },
  });
  running.child.stdin?.end();
  await running.catch((cause: unknown) => {
    const why = messageOf(cause);
    throw new OperatorError("HOOK_FAILED", {
      what: `the context's hook ${name} failed for node ${node}`,
      why: why.slice(0, 500),
      next: "run it by hand with FLEET_HOOK_NODE set; it is in contexts.yaml",
      exit: Exit.Failure,
      cause,
    });
  });
}

function missing(name: string): OperatorError {
  return new OperatorError("DRILL_NOT_POSSIBLE", {
    what: `no process of this fleet can be reached from here, so the drill cannot ${name} one`,
    why: `it is not a local fleet, and its context has no hook "${name}"`,
    next: "see which drills are possible: fleet drill list",
    exit: Exit.Precondition,
  });
}
