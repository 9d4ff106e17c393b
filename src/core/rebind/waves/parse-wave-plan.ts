// Reads a plan of version 2 from a parsed YAML document. All problems are reported at once, each with its path.

import { type Executor, PLAN_NAME_LENGTH_MAX } from "../plan.ts";
import type { PlanReader } from "../plan-reader.ts";
import {
  type Preconditions,
  type Strategy,
  WAVE_MOVES_MAX,
  type WaveBase,
  type WaveMove,
  type WavePlan,
} from "./wave-plan.ts";

const KEYS = ["version", "name", "executor", "base", "preconditions", "strategy", "moves"];
const STRATEGY_KEYS = [
  ...["canary", "wave", "maxUnavailable", "pauseMs", "throttleLatencyMs", "throttleLag", "onFailure"],
  "waveTimeoutMs",
];
const HASH = /^[0-9a-f]{64}$/;
/** Counts travel in 32 bits. */
const COUNT_MAX = 2 ** 32 - 1;
const INDEX_MAX = Number.MAX_SAFE_INTEGER;
/** 24 days: longer timers end at once. */
const DURATION_MS_MAX = 2 ** 31 - 1;

/** Null after reporting problems. */
export function readWavePlan(
  reader: PlanReader,
  document: unknown,
  readExecutor: (value: unknown) => Executor | null,
): WavePlan | null {
  const fields = reader.fields(document, "", KEYS);
  if (fields === null) return null;
  const name = reader.name(fields["name"], "name", PLAN_NAME_LENGTH_MAX);
  const executor = readExecutor(fields["executor"]);
  const base = readBase(reader, fields["base"]);
  const preconditions = readPreconditions(reader, fields["preconditions"]);
  const strategy = readStrategy(reader, fields["strategy"]);
  const moves = readMoves(reader, fields["moves"]);
  if (executor === null || base === null || preconditions === null || strategy === null) return null;
  return { version: 2, name, executor, base, preconditions, strategy, moves };
}

function readBase(reader: PlanReader, value: unknown): WaveBase | null {
  const fields = reader.fields(value, "base", ["clusterId", "revision", "bindingsHash"]);
  if (fields === null) return null;
  const { bindingsHash } = fields;
  const isHash = typeof bindingsHash === "string" && HASH.test(bindingsHash);
  if (!isHash) reader.problem("base.bindingsHash", "must be 64 hexadecimal digits");
  return {
    clusterId: reader.text(fields["clusterId"], "base.clusterId"),
    revision: reader.count(fields["revision"], "base.revision", 1, INDEX_MAX),
    bindingsHash: isHash ? bindingsHash : "",
  };
}

function readPreconditions(reader: PlanReader, value: unknown): Preconditions | null {
  const path = "preconditions";
  const fields = reader.fields(value, path, ["quorumMargin", "lagMax", "quietMs", "rooms"]);
  if (fields === null) return null;
  const { lagMax, rooms = {} } = fields;
  const named = reader.fields(rooms, `${path}.rooms`, null) ?? {};
  return {
    quorumMargin: reader.count(fields["quorumMargin"], `${path}.quorumMargin`, 0, COUNT_MAX),
    ...(lagMax === undefined ? {} : { lagMax: reader.count(lagMax, `${path}.lagMax`, 0, INDEX_MAX) }),
    quietMs: reader.count(fields["quietMs"], `${path}.quietMs`, 0, DURATION_MS_MAX),
    rooms: Object.fromEntries(
      Object.entries(named).map(([shard, machines]) => [
        reader.name(shard, `${path}.rooms`),
        reader.count(machines, `${path}.rooms.${shard}`, 0, INDEX_MAX),
      ]),
    ),
  };
}

function readStrategy(reader: PlanReader, value: unknown): Strategy | null {
  const fields = reader.fields(value, "strategy", STRATEGY_KEYS);
  if (fields === null) return null;
  const { onFailure, throttleLatencyMs: latency, throttleLag: lag } = fields;
  const count = (key: string, min: number, max: number) =>
    reader.count(fields[key], `strategy.${key}`, min, max);
  if (onFailure !== "pause" && onFailure !== "rollback") {
    reader.problem("strategy.onFailure", "must be pause or rollback");
  }
  return {
    canary: count("canary", 0, WAVE_MOVES_MAX),
    wave: count("wave", 1, WAVE_MOVES_MAX),
    maxUnavailable: count("maxUnavailable", 1, WAVE_MOVES_MAX),
    pauseMs: count("pauseMs", 0, DURATION_MS_MAX),
    ...(latency === undefined ? {} : { throttleLatencyMs: count("throttleLatencyMs", 1, DURATION_MS_MAX) }),
    ...(lag === undefined ? {} : { throttleLag: count("throttleLag", 1, INDEX_MAX) }),
    onFailure: onFailure === "rollback" ? "rollback" : "pause",
    waveTimeoutMs: count("waveTimeoutMs", 1, DURATION_MS_MAX),
  };
}

function readMoves(reader: PlanReader, value: unknown): readonly WaveMove[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > WAVE_MOVES_MAX) {
    reader.problem("moves", `must be a list of 1 to ${WAVE_MOVES_MAX} moves`);
    return [];
  }
  const moves = value.map((each: unknown, at) => readMove(reader, each, `moves[${at}]`));
  reader.unique(
    moves.map(({ cluster }) => cluster),
    "moves",
    "cluster",
  );
  return moves;
}

function readMove(reader: PlanReader, value: unknown, path: string): WaveMove {
  const fields = reader.fields(value, path, ["cluster", "from", "to", "version"]) ?? {};
  const move = {
    cluster: reader.name(fields["cluster"], `${path}.cluster`),
    from: reader.name(fields["from"], `${path}.from`),
    to: reader.name(fields["to"], `${path}.to`),
    version: reader.count(fields["version"], `${path}.version`, 1, INDEX_MAX),
  };
  if (move.from !== "" && move.from === move.to) {
    reader.problem(`${path}.to`, "must differ from the present shard");
  }
  return move;
}
