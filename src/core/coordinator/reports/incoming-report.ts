// A received report of a shard. Its general fields are decoded at once; its rows only when the leader has
// decided to read them, in slices (ADR-0025). What must stay true: the result equals decoding the whole
// message. Pure.

import type { Slicing } from "../../fleet/slices.ts";
import { HeldDomains, ReportShardRequest } from "../../wire/gen/fleet/v1/coordinator.ts";
import { decodeBounded } from "../../wire/server/bounded-decode.ts";
import { FIELDS_MAX } from "../../wire/server/method-rules.ts";
import { type SlicedMessage, sliceMessage } from "../../wire/server/sliced-message.ts";

/** Twice the clusters of the largest shard; the topology domains that it holds are counted separately. */
const FIELDS_OF_ALL_MAX = 100_000;
/** A slice of bindings has 3 000, and 64 kB of shortfalls a few times as many. */
const FIELDS_PER_SLICE = 16_384;
/** This many bytes cost as much as a row. */
const BYTES_PER_ROW = 256;
/** To walk over this many rows costs as much as to read one. */
const FIELDS_PER_ROW = 16;
const FIELD_BYTES_MIN = 2;

/** bindings, shortfalls, acks and double_dials of ReportShardRequest. */
const LISTS: ReadonlySet<number> = new Set([5, 9, 10, 11]);
const HELD_DOMAINS = 12;
/** domains of HeldDomains. */
const DOMAINS: ReadonlySet<number> = new Set([1]);

/** A report of which not a field was read. */
export interface UnreadReport {
  /** The most that the walk over its fields can cost, in rows. */
  readonly walkPrice: number;
  /** Walks over its fields. Throws the RpcError for a report that is too large or can't be read. */
  open(): IncomingReport;
}

export interface IncomingReport {
  /** Everything except its rows. */
  readonly head: ReportShardRequest;
  /** The cost of reading it, in rows. */
  readonly price: number;
  /** Throws the RpcError for rows that can't be read. */
  whole(): Slicing<ReportShardRequest>;
}

/** What a report of so many bytes costs at least, in rows. */
export const priceOfBytes = (bytes: number): number => Math.floor(bytes / BYTES_PER_ROW);

/** Nothing is read before the leader has decided to: a walk over 100 000 fields takes milliseconds. */
export function unreadReport(bytes: Buffer): UnreadReport {
  const fields = Math.min(bytes.length / FIELD_BYTES_MIN, FIELDS_OF_ALL_MAX);
  return {
    walkPrice: Math.ceil(fields / FIELDS_PER_ROW),
    open: () => decodeBounded(incomingReport, bytes, Number.POSITIVE_INFINITY),
  };
}

/** Throws the RpcError for a report that is too large. Unreadable bytes throw as in the generated code. */
export function incomingReport(bytes: Buffer): IncomingReport {
  const fieldsMax = FIELDS_OF_ALL_MAX;
  const message = sliceMessage(bytes, { rows: LISTS, nested: HELD_DOMAINS, fieldsMax });
  const held = message.nested && sliceMessage(message.nested, { rows: DOMAINS, fieldsMax });
  const head = decodeBounded(ReportShardRequest.decode, message.head, FIELDS_MAX);
  return {
    head,
    price: 1 + message.rows + (held?.rows ?? 0) + priceOfBytes(bytes.length),
    whole: () => wholeOf(head, message, held),
  };
}

function* wholeOf(
  head: ReportShardRequest,
  message: SlicedMessage,
  held: SlicedMessage | null,
): Slicing<ReportShardRequest> {
  const report: ReportShardRequest = {
    ...head,
    ...{ bindings: [], shortfalls: [], acks: [], doubleDials: [] },
    heldDomains: held === null ? undefined : { domains: [] },
  };
  yield* decoded(message, ReportShardRequest.decode, (part) => {
    report.bindings.push(...part.bindings);
    report.shortfalls.push(...part.shortfalls);
    report.acks.push(...part.acks);
    report.doubleDials.push(...part.doubleDials);
  });
  if (held !== null) {
    yield* decoded(held, HeldDomains.decode, ({ domains }) => report.heldDomains?.domains.push(...domains));
  }
  return report;
}

function* decoded<Message>(
  { slices }: SlicedMessage,
  decode: (bytes: Buffer) => Message,
  take: (part: Message) => void,
): Slicing<void> {
  for (const [at, slice] of slices.entries()) {
    if (at > 0) yield;
    for (const part of slice) take(decodeBounded(decode, part, FIELDS_PER_SLICE));
  }
}
