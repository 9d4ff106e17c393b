// Which topology domains this shard has, as pure transitions of one domain's record. Must stay true: the
// obeyed sequence of a domain never decreases, so a late or repeated instruction undoes nothing. A domain
// that was taken away keeps its record; otherwise a late assignment would bring it back. Absent: the
// coordinator's term (answers are fenced as a whole), the disk (shard-store.ts).

import { assert } from "../base/assert.ts";
import type { Instruction, InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import { InstructionKind, InstructionOutcome } from "../wire/gen/fleet/v1/command.ts";

/** `sequence` is the last obeyed instruction's. */
export interface DomainRecord {
  readonly key: string;
  readonly value: string;
  readonly assigned: boolean;
  readonly sequence: number;
}

export type DomainTable = ReadonlyMap<string, DomainRecord>;

/** `record` is null when nothing changes. */
export interface DomainFollowed {
  readonly record: DomainRecord | null;
  readonly outcome: InstructionAck["outcome"];
  /** The reason, if the instruction was not accepted. */
  readonly detail: string;
}

/** The name of a domain in a table; no two domains share one. */
export function domainName({ key, value }: Pick<DomainRecord, "key" | "value">): string {
  return JSON.stringify([key, value]);
}

/** Applies an instruction of a leader that is not outdated. */
export function followDomain(before: DomainRecord | undefined, instruction: Instruction): DomainFollowed {
  const { key, value, kind, sequence } = instruction;
  if (key === "" || value === "") return invalid("a domain has a key and a value");
  if (kind !== InstructionKind.ASSIGN_DOMAIN && kind !== InstructionKind.UNASSIGN_DOMAIN) {
    return invalid(`this shard knows no instruction of kind ${kind}`);
  }
  const obeyed = before?.sequence ?? 0;
  if (sequence < obeyed) return stale(`sequence ${obeyed} was obeyed before`);
  const record = { key, value, assigned: kind === InstructionKind.ASSIGN_DOMAIN, sequence };
  // The instruction was carried out before, and its answer was lost or is on its way: answer again. Only
  // coordinators that lost the end of their log (ADR-0005) use a sequence twice. Then the two instructions
  // differ, and the later one counts.
  if (sequence === obeyed && record.assigned === before?.assigned) {
    return { record: null, outcome: InstructionOutcome.ACCEPTED, detail: "" };
  }
  assert(record.sequence >= obeyed, "the obeyed sequence never goes back");
  return { record, outcome: InstructionOutcome.ACCEPTED, detail: "" };
}

export function stale(detail: string): DomainFollowed {
  return { record: null, outcome: InstructionOutcome.REJECTED_STALE, detail };
}

function invalid(detail: string): DomainFollowed {
  return { record: null, outcome: InstructionOutcome.REJECTED_INVALID, detail };
}
