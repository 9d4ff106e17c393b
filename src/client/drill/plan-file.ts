// A game day, from YAML: drills in their order, with gates and pauses. Everything is checked before anything is broken.

import { DURATION_MS_MAX, parseDuration } from "../../core/base/duration.ts";
import { DRILLS } from "../../core/drill/catalog.ts";
import { type DrillSpec, drillNamed } from "../../core/drill/drill-spec.ts";
import { type Gate, parseSlo } from "../../core/drill/slo.ts";
import { ConfigReader } from "../files/config-reader.ts";
import { readInputOrSay } from "../files/read-input.ts";

export type PlanStep =
  | {
      readonly kind: "drill";
      readonly spec: DrillSpec;
      readonly runs: number;
      readonly gates: readonly Gate[];
      readonly rate: number;
      readonly beforeMs: number;
      readonly afterMs: number;
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

/** Throws CONFIG_INVALID, DRILL_UNKNOWN. */
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

export function parsePlan(path: string, text: string): DrillPlan {
  const root = ConfigReader.parse(path, text);
  root.field("schemaVersion").integer(1, 1);
  const steps = root.field("steps").items();
  if (steps.length === 0 || steps.length > STEPS_MAX) {
    throw root.field("steps").wrong(`a list of 1 to ${STEPS_MAX} steps`);
  }
  const onFailure = root.field("onFailure").optional((value) => value.oneOf(["stop", "continue"] as const));
  return {
    name: root.field("name").string(),
    stopsOnFailure: onFailure !== "continue",
    steps: steps.map(parseStep),
  };
}

function parseStep(step: ConfigReader): PlanStep {
  const pause = step.field("pause").optional(durationIn);
  const drill = step.field("drill").optional((value) => value.string());
  if ((pause === undefined) === (drill === undefined)) throw step.wrong("either a drill or a pause");
  if (drill === undefined) return { kind: "pause", ms: pause ?? 0 };
  const parsed = parseSlo(step.field("slo").optional((value) => value.string()) ?? "");
  if (!parsed.ok) throw step.field("slo").fault(`has no gates: ${parsed.what}`);
  return {
    kind: "drill",
    spec: drillNamed(drill, DRILLS),
    runs: step.field("runs").optional((value) => value.integer(1, RUNS_MAX)) ?? 1,
    gates: parsed.gates,
    rate: step.field("rate").optional((value) => value.integer(1, 2_000)) ?? 50,
    beforeMs: step.field("before").optional(durationIn) ?? 2_000,
    afterMs: step.field("after").optional(durationIn) ?? 2_000,
  };
}

function durationIn(value: ConfigReader): number {
  const ms = parseDuration(value.string());
  if (ms === null || ms > DURATION_MS_MAX) throw value.wrong("a duration such as 500ms, 30s or 1m30s");
  return ms;
}
