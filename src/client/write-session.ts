// Exactly-once writes of one client (Raft dissertation §6.3): a session opened through the log, a sequence number
// a write, and the lowest number still awaited, so that the servers may forget older outcomes.
// They share a stream to the leader (ADR-0006). A write too far ahead of the oldest outstanding one waits, for the
// servers remember so many outcomes only.
// What must stay true: a number is used for one operation only, however often it is sent.

import type { WritingClient } from "../core/wire/coordinator-client.ts";
import type { Operation } from "../core/wire/gen/fleet/v1/command.ts";
import type { CoordinatorClient, SubmitResponse } from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { LeaderCaller } from "../core/wire/leader-caller.ts";
import { type CallLimits, unary } from "../core/wire/unary.ts";
import { SESSION_WINDOW } from "../core/wire/write-limits.ts";

export interface WriteOptions {
  /** Kept in the audit log. */
  readonly reason: string;
  /** How long the write may take with all its retries, in milliseconds. */
  readonly deadlineMs: number;
}

export class WriteSession {
  readonly #caller: LeaderCaller<WritingClient>;
  #opening: Promise<number> | null = null;
  #sequence = 0;
  readonly #outstanding = new Set<number>();
  #waiting: (() => void)[] = [];

  constructor(caller: LeaderCaller<WritingClient>) {
    this.#caller = caller;
  }

  async write(operation: Operation, options: WriteOptions): Promise<SubmitResponse> {
    const sessionId = await this.#open(options);
    while (this.#sequence - this.#firstOutstanding() >= SESSION_WINDOW) await this.#oneSettles();
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#outstanding.add(sequence);
    try {
      return await this.#caller.call(({ rpc, writes }, limits) => {
        const firstOutstanding = this.#firstOutstanding();
        const request = {
          sessionId,
          sequence,
          firstOutstanding,
          reason: options.reason,
          operation,
          dryRun: false,
        };
        return isBatch(operation)
          ? unary(rpc.submit.bind(rpc), request, limits)
          : writes.submit(request, limits);
      }, options);
    } finally {
      this.#outstanding.delete(sequence);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resume of waiting) resume();
    }
  }

  /** Numbers are given in order, so the first of the set is the lowest. */
  #firstOutstanding(): number {
    const [first] = this.#outstanding;
    return first ?? this.#sequence + 1;
  }

  #oneSettles(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  // A session opened twice by a retry costs the servers one row, which they drop as the least recently used.
  #open(options: WriteOptions): Promise<number> {
    this.#opening ??= this.#caller
      .call(({ rpc }, limits) => openSession(rpc, limits), options)
      .catch((error) => {
        this.#opening = null;
        throw error;
      });
    return this.#opening;
  }
}

/** Too large for the stream, and for whatever would wait behind it there: it has a call of its own. */
function isBatch({ kind }: Operation): boolean {
  return kind?.$case === "moveDomains" || kind?.$case === "setQuota";
}

async function openSession(client: CoordinatorClient, limits: CallLimits): Promise<number> {
  const operation: Operation = { kind: { $case: "openSession", value: {} } };
  const request = { sessionId: 0, sequence: 0, firstOutstanding: 0, reason: "", operation, dryRun: false };
  const response = await unary(client.submit.bind(client), request, limits);
  return response.applied?.version ?? 0;
}
