// Exactly-once writes of one client (Raft dissertation §6.3). A session is opened through the log, and each
// write has a sequence number. The client also sends the lowest number that it still awaits, so that the
// servers may drop older outcomes. Writes share a stream to the leader (ADR-0006). A write too far ahead of
// the oldest outstanding one waits, because the servers store only a limited number of outcomes. What must
// stay true: a number is used for one operation only, however often it is sent. A session is used only in the
// incarnation that opened it, because another one may have given its id to another client.

import { OUTSIDE_SESSIONS } from "../core/base/outside-sessions.ts";
import type { Operation } from "../core/wire/gen/fleet/v1/command.ts";
import type { CoordinatorClient, SubmitResponse } from "../core/wire/gen/fleet/v1/coordinator.ts";
import type { WritingClient } from "../core/wire/leader/coordinator-client.ts";
import type { LeaderCaller } from "../core/wire/leader/leader-caller.ts";
import { type CallLimits, unary } from "../core/wire/unary.ts";
import { SESSION_WINDOW } from "../core/wire/write-limits.ts";
import type { SeenIncarnation } from "./seen-incarnation.ts";

export interface WriteOptions {
  /** Stored in the audit log. */
  readonly reason: string;
  /** How long the write may take with all its retries, in milliseconds. */
  readonly deadlineMs: number;
}

export class WriteSession {
  readonly #caller: LeaderCaller<WritingClient>;
  readonly #seen: SeenIncarnation;
  #opening: Promise<number> | null = null;
  #sequence = 0;
  readonly #outstanding = new Set<number>();
  #waiting: (() => void)[] = [];

  constructor(caller: LeaderCaller<WritingClient>, seen: SeenIncarnation) {
    this.#caller = caller;
    this.#seen = seen;
  }

  async write(operation: Operation, options: WriteOptions): Promise<SubmitResponse> {
    const opening = this.#open(options);
    const sessionId = await opening;
    const incarnation = this.#seen.id;
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
          incarnation,
        };
        return isBatch(operation)
          ? unary(rpc.submit.bind(rpc), request, limits)
          : writes.submit(request, limits);
      }, options);
    } catch (error) {
      if (this.#seen.failed(error) && this.#opening === opening) this.#opening = null;
      throw error;
    } finally {
      this.#outstanding.delete(sequence);
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const resume of waiting) resume();
    }
  }

  /** Numbers are given in order, so the first in the set is the lowest. */
  #firstOutstanding(): number {
    const [first] = this.#outstanding;
    return first ?? this.#sequence + 1;
  }

  #oneSettles(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  // If a retry opens a session twice, the servers have one row more, which they drop as the least recently
  // used.
  #open(options: WriteOptions): Promise<number> {
    this.#opening ??= this.#caller
      .call(({ rpc }, limits) => openSession(rpc, this.#seen, limits), options)
      .catch((error) => {
        this.#opening = null;
        this.#seen.failed(error);
        throw error;
      });
    return this.#opening;
  }
}

/** Too large for the stream, where other writes would wait behind it: it gets a call of its own. */
function isBatch({ kind }: Operation): boolean {
  return kind?.$case === "moveDomains" || kind?.$case === "setQuota";
}

async function openSession(
  client: CoordinatorClient,
  seen: SeenIncarnation,
  limits: CallLimits,
): Promise<number> {
  const operation: Operation = { kind: { $case: "openSession", value: {} } };
  const outside = { ...OUTSIDE_SESSIONS, reason: "" };
  const request = { ...outside, operation, dryRun: false, incarnation: seen.id };
  const response = await unary(client.submit.bind(client), request, limits);
  seen.see(response.incarnation);
  return response.applied?.version ?? 0;
}
