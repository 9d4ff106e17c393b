// A cluster's demand in an operator's form: [{count, requirements, priority, sameDomain}]. Pure.

import { areLabels, LABEL_RULE, LABELS_MAX } from "../../base/labels.ts";
import {
  entries,
  type Found,
  fieldsOnly,
  flag,
  integer,
  list,
  problem,
  withDefault,
  wrong,
} from "../../base/read-value.ts";
import type { DemandGroup } from "../gen/fleet/v1/shard.ts";
import { DEMAND_BYTES_MAX, DEMAND_COUNT_MAX, DEMAND_GROUPS_MAX, demandBytes } from "../session-protocol.ts";

const PRIORITY_MAX = 2 ** 32 - 1;

const groups = list(
  fieldsOnly({
    count: integer(0, DEMAND_COUNT_MAX),
    requirements: withDefault(labels, {}),
    priority: withDefault(integer(0, PRIORITY_MAX), 0),
    sameDomain: withDefault(flag, false),
  }),
  { max: DEMAND_GROUPS_MAX },
);

export function demand(found: Found): readonly DemandGroup[] {
  const read = groups(found);
  if (demandBytes(read) > DEMAND_BYTES_MAX) {
    throw problem(found, `has labels of more than ${DEMAND_BYTES_MAX} characters`);
  }
  return read;
}

function labels(found: Found): Record<string, string> {
  const read = Object.fromEntries(entries(label)(found));
  if (!areLabels(read)) throw problem(found, `must be labels, at most ${LABELS_MAX}: ${LABEL_RULE}`);
  return read;
}

function label(found: Found): string {
  if (typeof found.value === "string") return found.value;
  throw wrong(found, "a text: put it in quotes");
}
