// The lean fleet client: one connection, a session opened through the log as every real client does, several of its
// writes outstanding, each as a call of its own or all on the stream that the product's client uses. No retries and
// no search for the leader: a refusal is an error, since a benchmark that hides failures measures nothing.
// A write moves a domain of 253 bytes from one shard to the other by compare-and-set on the version that the last
// answer told: it is validated, replicated, applied, deduplicated and audited, and the tables do not grow.

import { assert } from "../../src/core/base/assert.ts";
import type { WritingClient } from "../../src/core/wire/coordinator-client.ts";
import type { Operation } from "../../src/core/wire/gen/fleet/v1/command.ts";
import type { CoordinatorClient, SubmitResponse } from "../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { unary } from "../../src/core/wire/unary.ts";
import { SESSION_WINDOW } from "../../src/core/wire/write-limits.ts";
import type { Writer } from "./store.ts";

const SHARDS = ["s1", "s2"] as const;
const VALUE_BYTES = 253;
const DEADLINE_MS = 5_000;

/** How writes travel. */
export type Way = "unary" | "write stream";

interface Row {
  readonly shardId: string;
  readonly version: number;
}

export class FleetWriter implements Writer {
  readonly #client: WritingClient;
  readonly #way: Way;
  readonly #sessionId: number;
  readonly #outstanding = new Set<number>();
  readonly #rows = new Map<string, Row>();
  #sequence = 0;

  /** Closes `client` with itself. */
  constructor(client: WritingClient, way: Way, sessionId: number) {
    this.#client = client;
    this.#way = way;
    this.#sessionId = sessionId;
  }

  async write(key: string): Promise<void> {
    const row = this.#rows.get(key);
    const shardId = row?.shardId === SHARDS[0] ? SHARDS[1] : SHARDS[0];
    // Each writer has rows of its own, whose versions only it changes.
    const value = `${this.#sessionId} ${key}`.padEnd(VALUE_BYTES, ".");
    const assigned = { key: "rack", value, shardId, expectedVersion: row?.version ?? 0 };
    const { applied } = await this.#submit({ kind: { $case: "assignDomain", value: assigned } });
    assert(applied?.changed === true, "a domain that is moved has changed");
    this.#rows.set(key, { shardId, version: applied.version });
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
    const request = { sessionId: this.#sessionId, sequence, firstOutstanding, reason: "", operation };
    const limits = { deadline: Date.now() + DEADLINE_MS };
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

/** The shards between which writes move domains. */
export async function registerShards(leader: CoordinatorClient): Promise<void> {
  for (const shardId of SHARDS) {
    const value = { shardId, address: "127.0.0.1:1", epoch: 1 };
    await outsideSessions(leader, { kind: { $case: "registerShard", value } });
  }
}

function outsideSessions(leader: CoordinatorClient, operation: Operation): Promise<SubmitResponse> {
  const request = { sessionId: 0, sequence: 0, firstOutstanding: 0, reason: "", operation };
  return unary(leader.submit.bind(leader), request, { deadline: Date.now() + DEADLINE_MS });
}
