// Which topology domains this shard has, as pure transitions over one domain's record. Must stay true: the sequence
// obeyed for a domain never goes back, so that what arrives late or twice undoes nothing; and a domain that was taken away
// keeps its record, or a late assignment would bring it back.
// Absent: the coordinator's term (report.ts fences whole answers by it), the disk (shard-store.ts).

import { assert } from "../base/assert.ts";
import type { Instruction, InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import { InstructionKind, InstructionOutcome } from "../wire/gen/fleet/v1/command.ts";

/** `sequence` is that of the last instruction obeyed. */
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
  /** Why, when it was not accepted. */
  readonly detail: string;
}

/** Names a domain in a table: no two of them share a name. */
export function domainName({ key, value }: Pick<DomainRecord, "key" | "value">): string {
  return JSON.stringify([key, value]);
}

/** Follows an instruction of a leader that is not outdated. */
export function followDomain(before: DomainRecord | undefined, instruction: Instruction): DomainFollowed {
  const { key, value, kind, sequence } = instruction;
  if (key === "" || value === "") return invalid("a domain has a key and a value");
  if (kind !== InstructionKind.ASSIGN_DOMAIN && kind !== InstructionKind.UNASSIGN_DOMAIN) {
    return invalid(`this shard knows no instruction of kind ${kind}`);
  }
  const obeyed = before?.sequence ?? 0;
  if (sequence < obeyed) return stale(`sequence ${obeyed} was obeyed before`);
  const record = { key, value, assigned: kind === InstructionKind.ASSIGN_DOMAIN, sequence };
  // Its answer was lost, or is still on its way: it is done already, and told again. Only coordinators that lost the
  // end of their log (ADR-0005) give a sequence twice; then the two say different things, and the later one holds.
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
