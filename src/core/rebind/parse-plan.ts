// Reads a plan from a parsed YAML document. An unknown field is a problem: it would be a typo without effect.

import {
  type Found,
  fieldOf,
  fieldsOnly,
  integer,
  list,
  oneOf,
  optional,
  problem,
  text,
  wrong,
} from "../base/read-value.ts";
import {
  type DomainMove,
  MIGRATION_ID_LENGTH_MAX,
  type Move,
  PLAN_NAME_LENGTH_MAX,
  type RebindPlan,
} from "./plan.ts";
import { executor, moves, place, planName } from "./plan-fields.ts";
import { labelName } from "./room.ts";
import { wavePlan } from "./waves/parse-wave-plan.ts";
import type { WavePlan } from "./waves/wave-plan.ts";

const MOVES_MAX = 100_000;

/** Throws what `readValue` collects. */
export function plan(found: Found): RebindPlan | WavePlan {
  return fieldOf(found, "version").value === 2 ? wavePlan(found) : rebindPlan(found);
}

function rebindPlan(found: Found): RebindPlan {
  const { value: domains } = fieldOf(found, "domains");
  const hasDomains = Array.isArray(domains) && domains.length > 0;
  return fieldsOnly({
    version: firstVersion,
    name: planName(PLAN_NAME_LENGTH_MAX),
    createdAt: optional(text),
    executor,
    domains: optional(DOMAINS),
    moves: list(move, { min: hasDomains ? 0 : 1, max: MOVES_MAX, unique: MOVES }),
  })(found);
}

function firstVersion(found: Found): 1 {
  if (found.value !== 1) throw wrong(found, "1 or 2");
  return found.value;
}

// Keys and values of domains may be in any alphabet; the coordinator decides which are valid.
const DOMAIN = moves(
  fieldsOnly({
    ...{ key: text, value: text, from: place, to: place },
    version: optional(integer(1, Number.MAX_SAFE_INTEGER)),
  }),
);
const DOMAINS = list(DOMAIN, {
  ...{ min: 1, max: MOVES_MAX },
  unique: { value: ({ key, value }: DomainMove) => labelName(key, value) },
});

const MOVES = {
  cluster: (each: Move) => each.cluster,
  migrationId: (each: Move) => each.migrationId,
};
const MIGRATION = planName(MIGRATION_ID_LENGTH_MAX);
const MOVE = moves(
  fieldsOnly({
    ...{ cluster: place, from: place, to: place, migrationId: MIGRATION },
    supersedes: optional(MIGRATION),
    agentOnly: optional(oneOf(true)),
  }),
);

function move(found: Found): Move {
  const read = MOVE(found);
  if (read.supersedes === read.migrationId)
    throw problem(fieldOf(found, "supersedes"), "must be another migration");
  return read;
}
