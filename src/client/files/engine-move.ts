// The journal of a local fleet's move to another engine (ADR-0060). It is written before the first step, and says after
// a kill where folders went. It stays after the move until what was set aside is deleted.

import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { syncDirectory, writeFileDurably } from "../../core/base/durable-file.ts";
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { shellWord } from "../../core/base/shell-word.ts";
import { isErrno } from "../../core/base/system-error.ts";
import type { EngineEntry } from "./fleet-file.ts";
import { removedFolder } from "./layout.ts";

export type EngineName = "embedded" | "etcd";

export interface EngineMove {
  readonly to: EngineName;
  /** "moving": no engine takes writes. "starting": the new one may. "finished": what was set aside is deleted. */
  readonly step: "moving" | "starting" | "done" | "finished";
  /** The etcd cluster, in either direction. */
  readonly etcd: EngineEntry;
  /** Names the folders of this move. */
  readonly stamp: string;
  /** Where nodes served etcd's API while the engine was embedded, by name. */
  readonly etcdPorts: Readonly<Record<string, number>>;
  /** Folders that earlier moves set aside. */
  readonly earlier: readonly string[];
  /** Groups beside the fleet's own stay behind. */
  readonly leavesGroups: boolean;
  /** Where the log begins that this move writes to etcd; null before. */
  readonly begun: { readonly index: number; readonly term: number } | null;
  /** The journal that this one replaced; null once the move can't be given up. */
  readonly former: EngineMove | null;
}

export const isOver = ({ step }: EngineMove): boolean => step === "done" || step === "finished";

const STEPS: readonly string[] = ["moving", "starting", "done", "finished"];

/** Its journal, inside the fleet's folder. */
export const engineMovePath = (directory: string): string => join(directory, "engine-move.json");

/** Where a node's data folder goes in this move. */
export function asideOf(directory: string, node: string, { to, stamp }: EngineMove): string {
  return join(removedFolder(directory), `${node}-${otherEngine(to)}-${stamp}`);
}

/** The command that begins a move to this engine. An unfinished one needs no flag: its journal has the etcd cluster. */
export function moveCommand(to: EngineName, { etcd, prefix, ca, cert, key }: EngineEntry): string {
  const places = {
    etcd: etcd.join(","),
    "etcd-prefix": prefix,
    "etcd-ca": ca,
    "etcd-cert": cert,
    "etcd-key": key,
  };
  const flags = Object.entries(to === "etcd" ? places : {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name} ${shellWord(value)}`],
  );
  return [`fleet engine migrate --to ${to}`, ...flags].join(" ");
}

/** The engine that a fleet comes from. */
export const otherEngine = (to: EngineName): EngineName => (to === "etcd" ? "embedded" : "etcd");

/** Null without one. Throws CONFIG_INVALID. */
export async function readEngineMove(directory: string): Promise<EngineMove | null> {
  const path = engineMovePath(directory);
  try {
    return checked(JSON.parse(await readFile(path, "utf8")));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw new OperatorError("CONFIG_INVALID", {
      what: `${path} is not the journal of a move to another engine`,
      why: "it was changed or damaged",
      next: "put it back from a copy; it says where the data folders are",
      exit: Exit.NotFound,
      cause: error,
    });
  }
}

/** The journal of a move that must be finished or given up first. */
export async function unfinishedMove(directory: string): Promise<EngineMove | null> {
  const move = await readEngineMove(directory);
  return move === null || isOver(move) ? null : move;
}

export async function writeEngineMove(directory: string, move: EngineMove): Promise<void> {
  const text = `${JSON.stringify({ format: 1, ...move }, null, 2)}\n`;
  await writeFileDurably(engineMovePath(directory), Buffer.from(text));
}

/** The journal is again what it was before a move. */
export async function restoreEngineMove(directory: string, former: EngineMove | null): Promise<void> {
  if (former !== null) return writeEngineMove(directory, former);
  await rm(engineMovePath(directory), { force: true });
  await syncDirectory(directory);
}

/** Throws ENGINE_MOVE_UNFINISHED: no engine has the fleet's state now. */
export async function refuseHalfMoved(directory: string): Promise<void> {
  const move = await readEngineMove(directory);
  if (move?.step !== "moving") return;
  throw new OperatorError("ENGINE_MOVE_UNFINISHED", {
    what: `the fleet in ${directory} is half-way to the ${move.to} engine`,
    why: "fleet engine migrate was interrupted",
    next: `finish it: fleet engine migrate --to ${move.to}; or go back: fleet engine migrate --abort`,
    exit: Exit.Precondition,
  });
}

function checked(value: Partial<EngineMove> & { readonly format?: number }): EngineMove {
  const { format, to, step, etcd, stamp, etcdPorts, earlier } = value;
  const isWhole =
    format === 1 &&
    (to === "etcd" || to === "embedded") &&
    STEPS.includes(String(step)) &&
    Array.isArray(etcd?.etcd) &&
    typeof etcd.prefix === "string" &&
    typeof stamp === "string" &&
    /^[0-9TZ-]+$/.test(stamp) &&
    typeof etcdPorts === "object" &&
    Array.isArray(earlier);
  if (!isWhole || step === undefined) throw new Error("a field is missing or wrong");
  const { leavesGroups = false, begun = null, former = null } = value;
  return {
    ...{ to, step, etcd, stamp, etcdPorts, earlier, leavesGroups, begun },
    former: former === null ? null : checked({ format, ...former }),
  };
}
