// Answers to domain instructions, repeated with each report until a coordinator accepted one. In memory only.
// After a restart the coordinator has no answer, so it sends the instruction again and gets a new answer.

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

  /** Drops all waiting answers. */
  clear(): void {
    this.#acks.clear();
  }

  /** The answers that have waited longest, at most as many as a report carries. */
  waiting(): InstructionAck[] {
    return [...this.#acks.values()].slice(0, ACKS_MAX);
  }

  /** A coordinator accepted a report with these. An answer that was put meanwhile still waits. */
  taken(acks: readonly InstructionAck[]): void {
    for (const ack of acks) {
      const name = domainName(ack);
      if (this.#acks.get(name) === ack) this.#acks.delete(name);
    }
  }
}
