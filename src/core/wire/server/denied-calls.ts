// Callers that were refused, for operators: each time is counted, and the log says who, from where and why
// (caller-lines.ts).

import type { MonotonicMs } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { CallerLines } from "./caller-lines.ts";

export interface Denied {
  /** The reason in the error's details; for a handshake HANDSHAKE_FAILED. */
  readonly reason: string;
  /** The certificate's identity; empty = it has none. */
  readonly identity: string;
  /** Without the port. */
  readonly from: string;
  /** The method, or the problem of the handshake. */
  readonly what: string;
}

export class DeniedCalls {
  readonly #lines: CallerLines;
  readonly #counts = new Map<string, number>();

  constructor(log: Log, now: () => MonotonicMs) {
    this.#lines = new CallerLines((fields) => log.warn("a call was refused", fields), now);
  }

  /** By reason. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  note(denied: Denied): void {
    const { reason, identity, from, what } = denied;
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    // A caller chooses the method, but not OpenSSL's name of its certificate's fault.
    const fault = reason === "HANDSHAKE_FAILED" ? what : "";
    this.#lines.log([reason, identity, from, fault].join(" "), { ...denied });
  }
}
