// Answers to domain instructions, repeated with each report until one was taken. In memory only: after a restart the
// coordinator, having no answer, sends the instruction again, and it is answered again.

import { cut } from "../base/printable.ts";
import type { InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import { ACK_DETAIL_BYTES_MAX, ACKS_MAX } from "../wire/report-limits.ts";
import { domainName } from "./domain-table.ts";

// A character takes at most four bytes.
const ACK_DETAIL_CHARACTERS_MAX = ACK_DETAIL_BYTES_MAX / 4;

export class AckOutbox {
  readonly #acks = new Map<string, InstructionAck>();

  /** The newest answer about a domain replaces the one before. */
  put(ack: InstructionAck): void {
    const detail = cut(ack.detail, ACK_DETAIL_CHARACTERS_MAX);
    this.#acks.set(domainName(ack), { ...ack, detail });
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#acks.clear();
  }

  /** Those that waited longest, and no more than a report carries. */
  waiting(): InstructionAck[] {
    return [...this.#acks.values()].slice(0, ACKS_MAX);
  }

  /** A report with these was taken. An answer that was put meanwhile still waits. */
  taken(acks: readonly InstructionAck[]): void {
    for (const ack of acks) {
      const name = domainName(ack);
      if (this.#acks.get(name) === ack) this.#acks.delete(name);
    }
  }
}
