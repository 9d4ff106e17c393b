// Counts the bytes of incomplete requests and of requests that wait for their turn. What must stay true: one identity's
// need at most UNFINISHED_BYTES_MAX together, and those of its calls between replicas REPLICATION_BYTES_MAX. The two are counted
// apart: a frame of a slow peer makes none of its questions fail. A connection whose identity has no account has these limits of
// its own. A single request may always be as large as its method's largest message.

import { status } from "@grpc/grpc-js";
import { assert } from "../../base/assert.ts";
import { type RpcError, rpcError } from "../rpc-error.ts";
import type { MethodRule } from "./method-rules.ts";

/** For one identity, or for one connection if its identity has no account. */
export const UNFINISHED_BYTES_MAX = 32 * 1024 * 1024;

/** The same for calls between replicas: frames of two streams, since one that broke may not have ended yet, and snapshots. */
export const REPLICATION_BYTES_MAX = 96 * 1024 * 1024;

/** By identity or connection. */
type Counts = WeakMap<object, number>;
const ofCalls: Counts = new WeakMap();
const ofReplication: Counts = new WeakMap();

/** Those of one request. */
export class UnfinishedBytes {
  readonly #owner: object;
  readonly #bytesMax: number;
  readonly #counts: Counts;
  #own = 0;

  constructor(owner: object, rule: Pick<MethodRule, "isReplication">) {
    this.#owner = owner;
    const isReplication = rule.isReplication === true;
    this.#bytesMax = isReplication ? REPLICATION_BYTES_MAX : UNFINISHED_BYTES_MAX;
    this.#counts = isReplication ? ofReplication : ofCalls;
  }

  /** It keeps so many bytes now; false = they are too many, together with those of others. */
  become(bytes: number): boolean {
    const all = (this.#counts.get(this.#owner) ?? 0) + bytes - this.#own;
    assert(bytes >= 0 && all >= bytes, "bytes are counted once");
    this.#own = bytes;
    this.#counts.set(this.#owner, all);
    return all <= this.#bytesMax || all === bytes;
  }

  /** For the request that brought too many. */
  overdrawn(): RpcError {
    const message = `requests under way of one identity or on one connection may have at most ${this.#bytesMax} bytes together`;
    return rpcError(status.RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE", message);
  }
}
