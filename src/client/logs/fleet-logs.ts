// The logs of a local fleet's processes, as one: the newest lines, and those that follow.
import { type LocalFleet, processNamed } from "../files/local-fleet.ts";
import type { ProcessPlan } from "../files/process-plan.ts";
import { GrowingLog, linesFromEnd, sizeOf } from "./log-file.ts";
import { isAtLeast, type LogLevel, type LogLine, mergedByTime, parseLogLine } from "./log-line.ts";

export interface LogSelection {
  /** Processes by name; empty = all of the fleet. */
  readonly names: readonly string[];
  /** The least severe level. */
  readonly level: LogLevel;
  /** RFC 3339; null = as far back as the files go. */
  readonly since: string | null;
  /** The newest lines of all processes together. */
  readonly linesMax: number;
  /** A line that is being written shows when it is complete. */
  readonly isFollowed: boolean;
}

export interface FleetLogs {
  /** The newest last. */
  readonly lines: readonly LogLine[];
  /** Later lines as they are written; never ends by itself. `pause` is the wait between two looks. */
  follow(pause: (ms: number) => Promise<unknown>): AsyncGenerator<readonly LogLine[]>;
}

const POLL_MS = 250;

/** Throws PROCESS_UNKNOWN. */
export async function openLogs(fleet: LocalFleet, selection: LogSelection): Promise<FleetLogs> {
  const { names, linesMax, level } = selection;
  const plans = names.length === 0 ? fleet.processes : names.map((name) => processNamed(fleet, name));
  const tails = await Promise.all(plans.map((plan) => readTail(plan, selection)));
  const merged = mergedByTime(tails.map((tail) => tail.lines));
  const lines = merged.slice(Math.max(0, merged.length - linesMax));
  async function* follow(pause: (ms: number) => Promise<unknown>) {
    for (;;) {
      const news = mergedByTime(await Promise.all(tails.map(({ plan, growing }) => readNews(plan, growing))));
      const shown = news.filter((line) => isAtLeast(line, level));
      if (shown.length > 0) yield shown;
      if (news.length === 0) await pause(POLL_MS);
    }
  }
  return { lines, follow };
}

interface Tail {
  readonly plan: ProcessPlan;
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  readonly growing: GrowingLog;
}

async function readTail(plan: ProcessPlan, selection: LogSelection): Promise<Tail> {
  const { level, since, linesMax, isFollowed } = selection;
  const size = await sizeOf(plan.files.log);
  const lines: LogLine[] = [];
  let partial: string | null = null;
  for await (const text of linesFromEnd(plan.files.log, size)) {
    if (partial === null) {
      partial = text;
      if (isFollowed || text === "") continue;
    }
    const line = parseLogLine(plan.name, text);
    if (since !== null && line.at !== null && line.at < since) break;
    if (lines.length >= linesMax) break;
    if (isAtLeast(line, level)) lines.push(line);
  }
  return { plan, lines: lines.reverse(), growing: new GrowingLog(plan.files.log, size, partial ?? "") };
}

async function readNews({ name }: ProcessPlan, growing: GrowingLog): Promise<LogLine[]> {
  const texts = await growing.read();
  return texts.map((text) => parseLogLine(name, text));
}
