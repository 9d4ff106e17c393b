// Callers that take answers only while there is a leader (clientv3.WithRequireLeader): without one a call is refused,
// and a stream ends. So a client on the wrong side of a partition goes to another member.

import type { Metadata } from "@grpc/grpc-js";
import type { Timers } from "../../base/timers.ts";
import type { RequestHeaders } from "../../wire/http2/hpack/header-list.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

/** A key of the metadata. */
const LEADER_REQUIRED = "hasleader";
const LOOK_EVERY_MS = 1_000;

interface Stream {
  readonly metadata: Metadata;
  emit(event: "error", error: Error): unknown;
}
type Context = Pick<EtcdContext, "keys">;

/** Throws for such a caller while there is no leader. */
export function refuseWithoutLeader(context: Context, headers: RequestHeaders): void {
  if (headers[LEADER_REQUIRED] === "true" && lacksLeader(context)) throw ETCD_ERRORS.noLeader;
}

export class LeaderRequired {
  readonly #context: Context;
  readonly #streams = new Set<Stream>();

  constructor(context: Context, timers: Timers) {
    this.#context = context;
    timers.every(LOOK_EVERY_MS, () => {
      if (!lacksLeader(context)) return;
      for (const stream of [...this.#streams]) stream.emit("error", ETCD_ERRORS.noLeader);
    });
  }

  /** Throws without a leader, if the caller requires one. Returns what is to be called when the stream has ended. */
  add(stream: Stream): () => void {
    const [wanted] = stream.metadata.get(LEADER_REQUIRED);
    if (wanted !== "true") return () => undefined;
    if (lacksLeader(this.#context)) throw ETCD_ERRORS.noLeader;
    this.#streams.add(stream);
    return () => this.#streams.delete(stream);
  }

  /** Like `add`, for a stream that takes a place: one that is refused, by either, keeps neither. */
  addWithPlace(stream: Stream, take: () => () => void): () => void {
    const leave = take();
    try {
      const requireNoMore = this.add(stream);
      return () => {
        requireNoMore();
        leave();
      };
    } catch (error) {
      leave();
      throw error;
    }
  }
}

/** A replica that has not opened the group yet says so itself. */
const lacksLeader = ({ keys }: Context): boolean => keys()?.driver.leader === 0;
