// A cluster's demand in an operator's form: [{count, requirements, priority, sameDomain}]. Pure.

import { areLabels, LABEL_RULE, LABELS_MAX } from "../../base/labels.ts";
import type { DemandGroup } from "../gen/fleet/v1/shard.ts";
import { DEMAND_BYTES_MAX, DEMAND_COUNT_MAX, DEMAND_GROUPS_MAX, demandBytes } from "../session-protocol.ts";

export type ReadDemand =
  | { readonly ok: true; readonly demand: readonly DemandGroup[] }
  | { readonly ok: false; readonly why: string };

const FIELDS = new Set(["count", "requirements", "priority", "sameDomain"]);
const PRIORITY_MAX = 2 ** 32 - 1;

export function readDemand(value: unknown): ReadDemand {
  if (!Array.isArray(value)) return wrong("it must be a list");
  if (value.length > DEMAND_GROUPS_MAX) return wrong(`it has at most ${DEMAND_GROUPS_MAX} groups`);
  const demand: DemandGroup[] = [];
  for (const [at, each] of value.entries()) {
    const group = readGroup(each);
    if (typeof group === "string") return wrong(`group ${at + 1}: ${group}`);
    demand.push(group);
  }
  if (demandBytes(demand) > DEMAND_BYTES_MAX) {
    return wrong(`its labels have more than ${DEMAND_BYTES_MAX} characters`);
  }
  return { ok: true, demand };
}

/** The group, or what is wrong with it. */
function readGroup(value: unknown): DemandGroup | string {
  if (!isFields(value)) return "it must be a map with a count";
  const stranger = Object.keys(value).find((key) => !FIELDS.has(key));
  if (stranger !== undefined) return `unknown field ${stranger}`;
  const { count, requirements = {}, priority = 0, sameDomain = false } = value;
  if (!isCount(count, DEMAND_COUNT_MAX)) return `count must be a number from 0 to ${DEMAND_COUNT_MAX}`;
  if (!isCount(priority, PRIORITY_MAX)) return `priority must be a number from 0 to ${PRIORITY_MAX}`;
  if (typeof sameDomain !== "boolean") return "sameDomain must be true or false";
  if (!isTexts(requirements)) return "requirements must be a map of texts, such as {instance-type: m5.large}";
  if (!areLabels(requirements)) return `requirements must be labels, at most ${LABELS_MAX}: ${LABEL_RULE}`;
  return { count, requirements, priority, sameDomain };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): value is Record<string, string> {
  return isFields(value) && Object.values(value).every((text) => typeof text === "string");
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

function wrong(why: string): ReadDemand {
  return { ok: false, why };
}
