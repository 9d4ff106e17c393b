// Whether a drill of this fleet was interrupted, and what of it the next command may heal.

import type { Target } from "../context/target.ts";
import { SystemProcesses } from "../processes/system-processes.ts";
import { journalsOf, type LeftBehind, type Undo } from "./journal.ts";

export interface Interrupted {
  /** What the next command may heal. */
  readonly healable: readonly LeftBehind[];
  /** What it leaves: the drill, and why, for people. */
  readonly left: readonly string[];
}

/** Null = no drill was interrupted. */
export async function interruptedDrills(
  target: Pick<Target, "name" | "directory">,
  cwd: string,
): Promise<Interrupted | null> {
  const found = await journalsOf(target, cwd, await SystemProcesses.open());
  const dead = found.filter(({ isRunning }) => !isRunning);
  if (dead.length === 0) return null;
  // What a drill that runs has broken must not be started.
  const isBusy = found.some(({ isRunning }) => isRunning);
  const left = dead.flatMap((each) => {
    const why = isBusy
      ? "another drill is running; once it has ended, run: fleet drill heal"
      : whyLeft(each, target);
    return why === null ? [] : [`${drillWords(each)}: ${why}`];
  });
  return { healable: isBusy ? [] : dead.filter((each) => whyLeft(each, target) === null), left };
}

/** Names it for people. */
export const drillWords = ({ path, entry }: Pick<LeftBehind, "path" | "entry">): string =>
  entry === null ? path : `${entry.drill}, begun ${entry.startedAt}`;

// In a fleet on hosts they run the context's hooks, which may take a minute each.
const BY_HOOKS: ReadonlySet<Undo["kind"]> = new Set(["start", "resume", "discard"] as const);

function whyLeft(
  { entry, isForbidden, isHere }: LeftBehind,
  { directory }: Pick<Target, "directory">,
): string | null {
  if (isForbidden)
    return "another user owns its journal, so this command cannot know whether the drill still runs";
  if (entry === null) return "it cannot be read as a journal; remove it once the fleet is healthy";
  if (!isHere) {
    return `host ${entry.host} ran it, and this host cannot tell whether it still runs. If it has ended, run on that host: fleet drill heal`;
  }
  if (entry.isTried === true) return "a command could not heal all of it: fleet drill heal";
  const needsHooks = directory === undefined && entry.undo.some(({ kind }) => BY_HOOKS.has(kind));
  return needsHooks ? "the context's hooks heal it: fleet drill heal" : null;
}
