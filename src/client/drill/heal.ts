// Heals drills that were killed before their end, from their journals. What must stay true: one process at a time heals a
// drill, and none while another drill has the fleet's lock.

import { rm } from "node:fs/promises";
import { messageOf, OperatorError } from "../../core/base/errors.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { LocalDeps } from "../local/deps.ts";
import { withLock } from "../processes/lock.ts";
import { drillUnderWay, lockState } from "./drill-lock.ts";
import {
  type JournalEntry,
  journalsOf,
  type LeftBehind,
  markTried,
  readJournal,
  type Undo,
} from "./journal.ts";
import type { NodeControl } from "./node-control.ts";
import { isDrillUnderWay, takeBack, undoWords } from "./undo.ts";

// How long `fleet drill heal` tries each drill's steps.
const LIMIT_MS = 60_000;
// Another command was asked for, and the operator waits for it.
const FIRST_LIMIT_MS = 8_000;
const LOCK_READ_MS = 2_000;

interface HealTools {
  readonly client: FleetClient;
  readonly control: NodeControl;
  readonly deps: Pick<LocalDeps, "clock" | "processes">;
}

interface HealOptions {
  readonly cwd: string;
  /** Also drills of other hosts, of which this one cannot tell whether they still run. */
  readonly otherHosts: boolean;
  readonly limitMs?: number;
}

interface Healed {
  readonly drillId: string;
  readonly drill: string;
  readonly startedAt: string;
  /** The completed steps, one line each. */
  readonly done: readonly string[];
}

interface NotHealed {
  readonly what: string;
  readonly why: string;
}

export interface HealResult {
  readonly healed: readonly Healed[];
  /** Drills that still run. */
  readonly running: readonly string[];
  /** Steps that failed, and why. */
  readonly left: readonly NotHealed[];
}

/** What `fleet drill heal` does. */
export async function healAll(
  tools: HealTools,
  { cwd, otherHosts, limitMs = LIMIT_MS }: HealOptions,
): Promise<HealResult> {
  const found = newestFirst(await journalsOf(tools.client.target, cwd, tools.deps.processes));
  const running = found.flatMap(({ entry, isRunning }) =>
    isRunning && entry !== null ? [entry.drillId] : [],
  );
  const healed: Healed[] = [];
  const left: NotHealed[] = [];
  for (const each of found.filter(({ isRunning }) => !isRunning)) {
    const refusal = refusalOf(each, otherHosts, running);
    if (refusal !== null) {
      left.push(refusal);
      continue;
    }
    const outcome = await healOne(each, tools, {
      ...{ limitMs, isStrict: false },
      begin: async () => undefined,
    });
    healed.push(...outcome.healed);
    left.push(...outcome.left);
  }
  return { healed, running, left };
}

/** The newest drill may have the lock, and the others are healed once that is free. */
function newestFirst(found: readonly LeftBehind[]): readonly LeftBehind[] {
  const since = ({ entry }: LeftBehind) => Date.parse(entry?.startedAt ?? "") || 0;
  return found.toSorted((a, b) => since(b) - since(a));
}

function refusalOf(
  { path, entry, isForbidden, isHere }: LeftBehind,
  otherHosts: boolean,
  running: readonly string[],
): NotHealed | null {
  if (isForbidden)
    return { what: `${path} belongs to another user`, why: "it cannot be read, so its drill may still run" };
  if (entry === null)
    return { what: `${path} cannot be read as a journal`, why: "remove it once the fleet is healthy" };
  const { drillId, host } = entry;
  if (!isHere && !otherHosts) {
    const why = "it may still run there. Heal it there, or here with --other-hosts once it has ended";
    return { what: `${drillId} of host ${host}`, why };
  }
  // It may have broken what the steps would start.
  const [other] = running;
  return other === undefined ? null : { what: drillId, why: `${other} runs: wait for its end` };
}

interface FirstOptions {
  /** Throws when the fleet must not be changed. */
  readonly allow: () => Promise<void>;
  /** Called before the first step of a drill. */
  readonly onBegin: (entry: JournalEntry) => void;
}

/**
 * Heals before another command does its work, in a short time and once. What it leaves is left to `fleet drill heal`: a
 * fleet without a leader, a drill beside one that runs, and what failed.
 */
export async function healFirst(
  found: readonly LeftBehind[],
  tools: HealTools,
  { allow, onBegin }: FirstOptions,
): Promise<Pick<HealResult, "healed" | "left">> {
  const endMs = performance.now() + FIRST_LIMIT_MS;
  const healed: Healed[] = [];
  const left: NotHealed[] = [];
  for (const each of newestFirst(found)) {
    const outcome = await healOne(each, tools, {
      ...{ limitMs: Math.max(0, endMs - performance.now()), isStrict: true },
      begin: async (entry) => {
        if (entry.isTried === true) throw new Error("a command already tried to heal it");
        await assertLockAllows(tools.client, entry);
        await allow();
        // Before the first step: a try that is cut off counts too.
        await markTried(each.path, entry);
        onBegin(entry);
      },
    });
    healed.push(...outcome.healed);
    left.push(...outcome.left);
  }
  return { healed, left };
}

interface How {
  readonly limitMs: number;
  /** Whether a leader must say before each step that no other drill has the lock, and no step begins after the limit. */
  readonly isStrict: boolean;
  /** Throws when the drill must be left. */
  readonly begin: (entry: JournalEntry) => Promise<void>;
}

/** Never throws. */
async function healOne(
  { path, entry: seen }: LeftBehind,
  { client, control, deps }: HealTools,
  { limitMs, isStrict, begin }: How,
): Promise<Pick<HealResult, "healed" | "left">> {
  const heal = async () => {
    const entry = await readJournal(path);
    // Another process has healed it.
    if (entry === null) return { healed: [], left: [] };
    const { drillId, drill, startedAt } = entry;
    await begin(entry);
    const done: string[] = [];
    const guard = async (step: Undo) => {
      await assertLockAllows(client, entry).catch((error: unknown) => {
        // Without a leader no drill takes the lock, and these steps may bring a leader back.
        if (isStrict || isDrillUnderWay(error) || !BEFORE_A_LEADER.has(step.kind)) throw error;
      });
    };
    const sinceMs = Date.parse(startedAt);
    // One that was killed just as it had begun may have the lock, and nothing else.
    const undo: readonly Undo[] = entry.undo.length === 0 ? [{ kind: "unlock" }] : entry.undo;
    const failed = await takeBack(
      undo,
      { client, control, drillId, drill, sinceMs, guard },
      { limitMs, isStrict },
      (step) => done.push(undoWords(step)),
    );
    if (failed.length === 0) await rm(path, { force: true });
    const left = failed.map(({ undo: step, cause }) => ({
      what: `${drillId}: ${undoWords(step)}`,
      why: messageOf(cause),
    }));
    return { healed: [{ drillId, drill, startedAt, done }], left };
  };
  try {
    return await withLock(`${path}.healing`, deps, heal, 0);
  } catch (error) {
    const isBusy = error instanceof OperatorError && error.code === "FLEET_BUSY";
    const why = isBusy ? "another command heals it now" : messageOf(error);
    return { healed: [], left: [{ what: seen?.drillId ?? path, why }] };
  }
}

const BEFORE_A_LEADER: ReadonlySet<Undo["kind"]> = new Set(["start", "resume", "clear-faults"] as const);

/** Throws when another drill has the lock, or when no leader says which. */
async function assertLockAllows(client: FleetClient, { drill, startedAt }: JournalEntry): Promise<void> {
  const owner = { drill, sinceMs: Date.parse(startedAt) };
  const state = await lockState(client, owner, { deadlineMs: LOCK_READ_MS });
  if (state.kind === "another's") throw drillUnderWay(state.sinceMs);
}
