// Reads a plan of version 2 from a parsed YAML document.

import { DURATION_MS_MAX } from "../../base/duration.ts";
import {
  entries,
  type Found,
  fieldsOnly,
  integer,
  list,
  oneOf,
  optional,
  text,
  withDefault,
  wrong,
} from "../../base/read-value.ts";
import { PLAN_NAME_LENGTH_MAX } from "../plan.ts";
import { executor, moves, place, planName } from "../plan-fields.ts";
import { WAVE_MOVES_MAX } from "./wave-plan.ts";

const HASH = /^[0-9a-f]{64}$/;
/** Counts travel in 32 bits. */
const COUNT_MAX = 2 ** 32 - 1;
const INDEX_MAX = Number.MAX_SAFE_INTEGER;

const MOVE = moves(fieldsOnly({ cluster: place, from: place, to: place, version: integer(1, INDEX_MAX) }));
const MOVES_OF_A_WAVE = integer(1, WAVE_MOVES_MAX);

export const wavePlan = fieldsOnly({
  version: oneOf(2),
  name: planName(PLAN_NAME_LENGTH_MAX),
  executor,
  base: fieldsOnly({ clusterId: text, revision: integer(1, INDEX_MAX), bindingsHash: hash }),
  preconditions: fieldsOnly({
    quorumMargin: integer(0, COUNT_MAX),
    lagMax: optional(integer(0, INDEX_MAX)),
    quietMs: integer(0, DURATION_MS_MAX),
    rooms,
  }),
  strategy: fieldsOnly({
    canary: integer(0, WAVE_MOVES_MAX),
    wave: MOVES_OF_A_WAVE,
    maxUnavailable: MOVES_OF_A_WAVE,
    pauseMs: integer(0, DURATION_MS_MAX),
    throttleLatencyMs: optional(integer(1, DURATION_MS_MAX)),
    throttleLag: optional(integer(1, INDEX_MAX)),
    onFailure: oneOf("pause", "rollback"),
    waveTimeoutMs: integer(1, DURATION_MS_MAX),
  }),
  moves: list(MOVE, { min: 1, max: WAVE_MOVES_MAX, unique: { cluster: (move) => move.cluster } }),
});

function hash(found: Found): string {
  const digits = text(found);
  if (!HASH.test(digits)) throw wrong(found, "64 hexadecimal digits");
  return digits;
}

/** Machines that shards must have free; absent = none is asked for. */
function rooms(found: Found): Readonly<Record<string, number>> {
  return Object.fromEntries(withDefault(entries(integer(0, INDEX_MAX), place), [])(found));
}
