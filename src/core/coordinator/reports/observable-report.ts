// The part of a shard's report that is accepted: valid names, valid labels, and at most the limits of
// wire/report-limits.ts for each kind. A shard checks the same before it reports. So a dropped row comes from
// a shard that is not ours, or is faulty. Pure. Absent: whether the shard may report at all.

import { isName } from "../../base/ids.ts";
import { areLabels, isLabelKey } from "../../base/labels.ts";
import { isPrintable } from "../../base/printable.ts";
import { bySlices, type Slicing } from "../../fleet/slices.ts";
import { checkDomain, shortened } from "../../fleet/validate.ts";
import type { HeldDomain } from "../../wire/gen/fleet/v1/command.ts";
import type {
  DoubleDial,
  ReportShardRequest,
  ShardBinding,
  ShardSummary,
  Shortfall,
} from "../../wire/gen/fleet/v1/coordinator.ts";
import {
  ACK_DETAIL_BYTES_MAX,
  ACKS_MAX,
  BINDINGS_MAX,
  COUNTS_MAX,
  DIALED_FROM_CHARACTERS_MAX,
  DOUBLE_DIALS_MAX,
  INCARNATION_ID_CHARACTERS_MAX,
  isCountedName,
  SHORTFALL_BYTES_MAX,
  SHORTFALLS_MAX,
  SUMMARY_DOMAINS_MAX,
} from "../../wire/report-limits.ts";
import { ROWS_PER_SLICE } from "../../wire/server/sliced-message.ts";
import { shortfallBytes } from "../../wire/shortfall-bytes.ts";

export const ROW_KINDS = ["answer", "binding", "domain", "double_dial", "shortfall", "summary"] as const;
export type RowKind = (typeof ROW_KINDS)[number];

export interface Observable {
  readonly report: ReportShardRequest;
  /** Number of dropped rows of each kind; kinds without any are absent. */
  readonly refused: ReadonlyMap<RowKind, number>;
}

/** Null: the report's incarnation is not a valid one. */
export function* observableReport(report: ReportShardRequest): Slicing<Observable | null> {
  if ((report.incarnation?.id.length ?? 0) > INCARNATION_ID_CHARACTERS_MAX) return null;
  const refused = new Map<RowKind, number>();
  const keep: Keep = function* (kind, rows, isSound, most) {
    const kept: (typeof rows)[number][] = [];
    yield* bySlices(rows, ROWS_PER_SLICE, (row) => {
      if (isSound(row) && kept.length < most) kept.push(row);
    });
    if (kept.length < rows.length) refused.set(kind, (refused.get(kind) ?? 0) + rows.length - kept.length);
    return kept;
  };
  const isNamed = ({ clusterId }: ShardBinding) => isName(clusterId);
  const bindings = yield* keep("binding", report.bindings, isNamed, BINDINGS_MAX);
  const doubleDials = yield* keep("double_dial", report.doubleDials, isSoundDial, DOUBLE_DIALS_MAX);
  const answers = yield* keep("answer", report.acks, () => true, ACKS_MAX);
  const acks = answers.map((ack) => ({ ...ack, detail: shortened(ack.detail, ACK_DETAIL_BYTES_MAX) }));
  const shortfalls = yield* keep("shortfall", report.shortfalls, soundShortfalls(), SHORTFALLS_MAX);
  const held = report.heldDomains && {
    domains: yield* keep("domain", report.heldDomains.domains, isSoundDomain, Number.POSITIVE_INFINITY),
  };
  const summary = report.summary && (yield* soundSummary(report.summary, keep));
  return {
    report: { ...report, bindings, doubleDials, acks, shortfalls, summary, heldDomains: held },
    refused,
  };
}

type Keep = <Row>(
  kind: RowKind,
  rows: readonly Row[],
  isSound: (row: Row) => boolean,
  most: number,
) => Slicing<Row[]>;

// The rule for a row of the domains' table.
const isSoundDomain = ({ key, value }: HeldDomain): boolean => checkDomain(key, value) === null;

const isSoundDial = ({ clusterId, from }: DoubleDial): boolean =>
  isName(clusterId) && from.length <= DIALED_FROM_CHARACTERS_MAX && isPrintable(from);

/** For one report: the total bytes of accepted shortfalls are limited. */
function soundShortfalls(): (shortfall: Shortfall) => boolean {
  let bytes = 0;
  return (shortfall) => {
    const { clusterId, requirements, deficit, penaltyBucket } = shortfall;
    const isSound =
      isName(clusterId) &&
      areLabels(requirements) &&
      Object.keys(deficit).length <= COUNTS_MAX &&
      Object.keys(deficit).every(isLabelKey) &&
      isCountedName(penaltyBucket);
    if (!isSound || bytes + shortfallBytes(shortfall) > SHORTFALL_BYTES_MAX) return false;
    bytes += shortfallBytes(shortfall);
    return true;
  };
}

function* soundSummary(summary: ShardSummary, keep: Keep): Slicing<ShardSummary> {
  function* counts(given: Readonly<Record<string, number>>): Slicing<Record<string, number>> {
    const isNamed = ([name]: readonly [string, number]) => isCountedName(name);
    return Object.fromEntries(yield* keep("summary", Object.entries(given), isNamed, COUNTS_MAX));
  }
  const isDomain = ({ key, value }: ShardSummary["domains"][number]) =>
    key !== "" && value !== "" && isCountedName(key) && isCountedName(value);
  const freeByInstanceType = yield* counts(summary.freeByInstanceType);
  const freeByZone = yield* counts(summary.freeByZone);
  const domains: typeof summary.domains = [];
  for (const row of yield* keep("summary", summary.domains, isDomain, SUMMARY_DOMAINS_MAX)) {
    const listedByInstanceType = yield* counts(row.listedByInstanceType);
    const listedByZone = yield* counts(row.listedByZone);
    domains.push({ ...row, listedByInstanceType, listedByZone });
  }
  return { ...summary, freeByInstanceType, freeByZone, domains };
}
