// The lean fleet client: one connection, and a session opened through the log as every real client does. Several of
// its writes are outstanding, each as a call of its own, or all on the stream that the product's client uses. No
// retries and no search for the leader: a refusal is an error, since a benchmark that hides failures measures
// nothing. A write replaces a row of 253 bytes (a provider's address) by compare-and-set on the version that the last
// answer gave. The replicas validate, replicate, apply, deduplicate and audit it. The tables do not grow.

import { assert } from "../../src/core/base/assert.ts";
import { OUTSIDE_SESSIONS } from "../../src/core/base/outside-sessions.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import type { CoordinatorClient, SubmitResponse } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import type { WritingClient } from "../../src/core/wire/leader/coordinator-client.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { SESSION_WINDOW } from "../../src/core/wire/write-limits.ts";
import type { Writer } from "./store.ts";

const VALUE_BYTES = 253;
const PORT = ":1";
const DEADLINE_MS = 5_000;

/** How writes travel. */
export type Way = "unary" | "write stream";

export class FleetWriter implements Writer {
  readonly #client: WritingClient;
  readonly #way: Way;
  readonly #sessionId: number;
  readonly #outstanding = new Set<number>();
  /** Of each row, as the last answer told it. */
  readonly #versions = new Map<string, number>();
  #sequence = 0;

  /** Closes `client` with itself. */
  constructor(client: WritingClient, way: Way, sessionId: number) {
    this.#client = client;
    this.#way = way;
    this.#sessionId = sessionId;
  }

  async write(key: string): Promise<void> {
    // A row a lane and way: a fleet has at most a thousand providers, and what is counted in it makes each write a change.
    const name = `${this.#way.replace(" ", "-")}-${key.split("-")[0]}`;
    const address = `${`${this.#sessionId}-${name}`.padEnd(VALUE_BYTES - PORT.length, "x")}${PORT}`;
    const row = { name, address, region: "", declaredQuota: this.#sequence, keepRegion: false };
    const expected = this.#versions.get(name);
    const value = expected === undefined ? row : { ...row, expectedVersion: expected };
    const { applied } = await this.#submit({ kind: { $case: "upsertProvider", value } });
    assert(applied?.changed === true, "a row with another count has changed");
    this.#versions.set(name, applied.version);
  }

  close(): void {
    this.#client.close();
  }

  async #submit(operation: Operation): Promise<SubmitResponse> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#outstanding.add(sequence);
    // Numbers are given in order, so the first of the set is the lowest.
    const [firstOutstanding = sequence] = this.#outstanding;
    assert(sequence - firstOutstanding < SESSION_WINDOW, "the load stays within the session's window");
    const request = {
      sessionId: this.#sessionId,
      sequence,
      firstOutstanding,
      reason: "",
      operation,
      dryRun: false,
    };
    const limits = { endMs: performance.now() + DEADLINE_MS };
    const { rpc, writes } = this.#client;
    try {
      return await (this.#way === "unary"
        ? unary(rpc.submit.bind(rpc), request, limits)
        : writes.submit(request, limits));
    } finally {
      this.#outstanding.delete(sequence);
    }
  }
}

/** The new session's id. */
export async function openSession(leader: CoordinatorClient): Promise<number> {
  const { applied } = await outsideSessions(leader, { kind: { $case: "openSession", value: {} } });
  return applied?.version ?? 0;
}

function outsideSessions(leader: CoordinatorClient, operation: Operation): Promise<SubmitResponse> {
  const request = { ...OUTSIDE_SESSIONS, reason: "", operation, dryRun: false };
  return unary(leader.submit.bind(leader), request, { endMs: performance.now() + DEADLINE_MS });
}
