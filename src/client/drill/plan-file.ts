// A game day, from YAML: drills in their order, with gates and pauses. Everything is checked before anything is broken.

import { DURATION_MS_MAX, parseDuration } from "../../core/base/duration.ts";
import {
  type Found,
  fieldsOnly,
  integer,
  list,
  oneOf,
  optional,
  problem,
  text,
  withDefault,
  wrong,
} from "../../core/base/read-value.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import { type DrillSpec, drillNamed } from "../../core/drill/drill-spec.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { readOwnConfig } from "../files/entry-fields.ts";
import { readInputOrSay } from "../files/read-input.ts";
import { QUIET_MS } from "./cool-down.ts";

export type PlanStep =
  | {
      readonly kind: "drill";
      readonly spec: DrillSpec;
      readonly runs: number;
      readonly gates: readonly Gate[];
      readonly rate: number;
      readonly beforeMs: number;
      readonly afterMs: number;
      readonly quietMs: number;
    }
  | { readonly kind: "pause"; readonly ms: number };

export interface DrillPlan {
  readonly name: string;
  /** Whether a failed step ends the game day. */
  readonly stopsOnFailure: boolean;
  readonly steps: readonly PlanStep[];
}

const RUNS_MAX = 1_000;
const STEPS_MAX = 200;

/** Throws CONFIG_INVALID. */
export async function readPlan(path: string): Promise<{ readonly plan: DrillPlan; readonly text: string }> {
  const text = String(
    await readInputOrSay(path, {
      code: "CONFIG_INVALID",
      what: `${path} cannot be read`,
      next: "name the file of a game day; docs/game-day.yaml is one",
    }),
  );
  return { plan: parsePlan(path, text), text };
}

export function parsePlan(path: string, contents: string): DrillPlan {
  const { name, onFailure, steps } = readOwnConfig(path, contents, PLAN);
  return { name, stopsOnFailure: onFailure === "stop", steps };
}

const STEP = fieldsOnly({
  pause: optional(duration),
  drill: optional(drill),
  slo: withDefault(gates, []),
  runs: withDefault(integer(1, RUNS_MAX), 1),
  rate: withDefault(integer(1, 2_000), 50),
  before: withDefault(duration, 2_000),
  after: withDefault(duration, 2_000),
  quiet: withDefault(duration, QUIET_MS),
});

const PLAN = fieldsOnly({
  schemaVersion: oneOf(1),
  name: text,
  onFailure: withDefault(oneOf("stop", "continue"), "stop"),
  steps: list(step, { min: 1, max: STEPS_MAX }),
});

function step(found: Found): PlanStep {
  const { pause, drill: spec, slo, runs, rate, before, after, quiet } = STEP(found);
  if (pause !== undefined && spec === undefined) return { kind: "pause", ms: pause };
  if (pause !== undefined || spec === undefined) throw wrong(found, "either a drill or a pause");
  const paces = { rate, beforeMs: before, afterMs: after, quietMs: quiet };
  return { kind: "drill", spec, runs, gates: slo, ...paces };
}

function drill(found: Found): DrillSpec {
  return drillNamed(oneOf(...DRILLS.map(({ name }) => name))(found), DRILLS);
}

function gates(found: Found): readonly Gate[] {
  const parsed = parseSlo(text(found));
  if (!parsed.ok) throw problem(found, `has no gates: ${parsed.what}`);
  return parsed.gates;
}

function duration(found: Found): number {
  const ms = parseDuration(text(found));
  if (ms === null || ms > DURATION_MS_MAX) throw wrong(found, "a duration such as 500ms, 30s or 1m30s");
  return ms;
}
