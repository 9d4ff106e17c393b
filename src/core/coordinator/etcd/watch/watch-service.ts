// etcd's Watch service: each member serves watches from what it has applied itself. What must stay true: an exception in
// one stream ends that stream, with INTERNAL and the id that the log has. The other streams continue.

import type { Timers } from "../../../base/timers.ts";
import type { Slicing } from "../../../fleet/slices.ts";
import type { WatchServer } from "../../../wire/gen/etcd/etcdserverpb/rpc.ts";
import type { RpcServer } from "../../../wire/server/rpc-server.ts";
import type { Implementation } from "../../../wire/server/unary-calls.ts";
import { callerOf, type Identity } from "../../../wire/tls/identity.ts";
import { Places } from "../../calls/places.ts";
import type { EtcdContext, KeyGroup } from "../etcd-context.ts";
import { errorOfUnreadable } from "../etcd-errors.ts";
import type { KeyStore } from "../kv-service.ts";
import type { LeaderRequired } from "../leader-required.ts";
import { WatchRequests } from "./watch-requests.ts";
import { WatchStream } from "./watch-stream.ts";

/** As of etcd. */
const REPORT_EVERY_MS = 600_000;
const DOUBT_LOOK_EVERY_MS = 1_000;
const ROOM_LOOK_EVERY_MS = 1_000;
const STREAMS_MAX = 8_192;
const IDENTITY_STREAMS_MAX = 2_048;
/**
 * Over all streams: a watch costs about a kilobyte, and each change is matched with all ranges. Ten API servers of
 * Kubernetes have some thousands.
 */
const WATCHES_MAX = 100_000;
const IDENTITY_WATCHES_MAX = 20_000;
/** Of its key and range end: one that has more takes several places. They are kept here, and in the hub as a text. */
const PLACE_BYTES = 512;
/** Reviewed in one turn: each may need the rights of another identity. */
const STREAMS_AT_ONCE = 16;
/** Its place among callers with large work. */
const REVIEW = "review of watches";
/** How long a stream waits for the key space of a new fleet. */
const OPENED_WITHIN_MS = 5_000;
const ENDS = ["cancelled", "close", "error"] as const;

type Call = Parameters<WatchServer["watch"]>[0];

interface Served {
  readonly call: Call;
  readonly requests: WatchRequests;
  readonly attempt: (step: () => void) => void;
  readonly fail: (error: unknown) => void;
}
type Streams = Map<WatchStream, Served>;

/** What watches need of the server of the port. */
export type WatchedServer = Pick<RpcServer, "countRequest" | "streamRoomOf">;

interface Service {
  readonly context: EtcdContext;
  readonly store: KeyStore;
  readonly timers: Timers;
  readonly server: WatchedServer;
  readonly streams: Streams;
  readonly watches: Places;
}

export function watchService(
  context: EtcdContext,
  store: KeyStore,
  timers: Timers,
  leaderRequired: LeaderRequired,
  server: WatchedServer,
): Implementation<WatchServer> {
  const streams: Streams = new Map();
  const places = new Places({
    total: STREAMS_MAX,
    perIdentity: IDENTITY_STREAMS_MAX,
    reason: "TOO_MANY_WATCHERS",
    doing: "watch keys of this member",
  });
  const watches = new Places({
    total: WATCHES_MAX,
    perIdentity: IDENTITY_WATCHES_MAX,
    reason: "TOO_MANY_WATCHES",
    doing: "watch keys of this member",
  });
  timers.every(REPORT_EVERY_MS, () => {
    for (const [stream, { attempt }] of streams) attempt(() => stream.report());
  });
  // Their clients go to another member (ADR-0070).
  // An identity that was full on all its streams may have read some of them.
  timers.every(ROOM_LOOK_EVERY_MS, () => store.hub.wake());
  timers.every(DOUBT_LOOK_EVERY_MS, () => {
    const trust = context.keys()?.machine.trust;
    if (trust === undefined || trust.isTrusted) return;
    for (const { call } of [...streams.values()]) call.emit("error", errorOfUnreadable(trust));
  });
  const service = { context, store, timers, server, streams, watches };
  const review = reviewer(streams, context.fleet);
  store.access.onChange(() => {
    // Streams were full while it was not known what their callers may read.
    store.hub.wake();
    review();
  });
  const begin = (call: Call, { machine: { trust } }: KeyGroup) => {
    if (!trust.isTrusted) throw errorOfUnreadable(trust);
    const identity = callerOf(call, context.tls);
    const leave = leaderRequired.addWithPlace(call, () => places.take(identity));
    openStream(service, call, identity, leave);
  };
  return {
    watch: (call) => {
      const keys = context.keys();
      if (keys !== null) return begin(call, keys);
      const openedBy = context.fleet.clock.monotonicMs() + OPENED_WITHIN_MS;
      return store.reads.opened(openedBy).then((made) => {
        if (!call.cancelled && !call.destroyed) begin(call, made);
      });
    },
  };
}

function openStream(service: Service, call: Call, identity: Identity, leave: () => void): void {
  const { context, store, timers, server, streams, watches } = service;
  const fail = (error: unknown) => {
    if (!streams.has(stream)) return;
    call.emit("error", context.fleet.internalErrors.answer(error, "a watch of keys"));
  };
  const attempt = attemptOr(fail);
  const hasRoom = () => {
    attempt(() => requests.readAgain());
    store.hub.wake();
  };
  const stream = new WatchStream({
    ...{ call, hub: store.hub, headers: store.headers },
    space: () => context.keys()?.machine.space ?? null,
    mayRead: (key, rangeEnd) => store.access.mayRead(identity, key, rangeEnd),
    readMark: () => store.access.readMark(identity),
    takePlace: (bytes) => {
      const leave = watches.tryTake(identity, Math.max(1, Math.ceil(bytes / PLACE_BYTES)));
      return typeof leave === "function" ? leave : null;
    },
    hasRoom,
    mayGetMore: server.streamRoomOf(identity),
    later: (work) => void setImmediate(() => attempt(work)),
    fail,
  });
  const requests = new WatchRequests({
    ...{ call, stream, count: () => server.countRequest(identity) },
    timers: { after: (ms, action) => timers.after(ms, () => attempt(action)) },
  });
  streams.set(stream, { call, requests, attempt, fail });
  const end = () => {
    streams.delete(stream);
    requests.end();
    stream.end();
    leave();
  };
  for (const event of ENDS) call.on(event, end);
  call.on("data", (request) => attempt(() => requests.take(request)));
  call.on("drain", hasRoom);
}

const attemptOr = (fail: (error: unknown) => void) => (step: () => void) => {
  try {
    step();
  } catch (error) {
    fail(error);
  }
};

/** A stream that can't be reviewed ends: its caller may have lost the permission. */
function* reviewStream(stream: WatchStream, { requests, fail }: Served): Slicing<void> {
  try {
    yield* stream.review();
    requests.readAgain();
  } catch (error) {
    fail(error);
  }
}

/** Returns what is to be called when roles may have changed. A change during a review has another one after it. */
function reviewer(
  streams: Streams,
  { largeWork, internalErrors }: Pick<EtcdContext["fleet"], "largeWork" | "internalErrors">,
): () => void {
  let isDue = false;
  let isRunning = false;
  function* reviewDue(): Slicing<void> {
    while (isDue) {
      isDue = false;
      for (const [at, [stream, served]] of [...streams].entries()) {
        if (at > 0 && at % STREAMS_AT_ONCE === 0) yield;
        yield* reviewStream(stream, served);
      }
    }
    isRunning = false;
  }
  return () => {
    isDue = true;
    if (isRunning) return;
    isRunning = true;
    largeWork.run(REVIEW, reviewDue()).catch((error: unknown) => {
      isRunning = false;
      internalErrors.note(error, REVIEW);
    });
  };
}
