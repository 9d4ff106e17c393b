// Answers to domain instructions, repeated with each report until one was taken. In memory only: after a restart the
// coordinator, having no answer, sends the instruction again, and it is answered again.

import type { InstructionAck } from "../wire/gen/fleet/v1/command.ts";
import { domainName } from "./domain-table.ts";

export class AckOutbox {
  readonly #acks = new Map<string, InstructionAck>();

  /** The newest answer about a domain replaces the one before. */
  put(ack: InstructionAck): void {
    this.#acks.set(domainName(ack), ack);
  }

  /** Nothing waits any more. */
  clear(): void {
    this.#acks.clear();
  }

  waiting(): InstructionAck[] {
    return [...this.#acks.values()];
  }

  /** A report with these was taken. An answer that was put meanwhile still waits. */
  taken(acks: readonly InstructionAck[]): void {
    for (const ack of acks) {
      const name = domainName(ack);
      if (this.#acks.get(name) === ack) this.#acks.delete(name);
    }
  }
}
