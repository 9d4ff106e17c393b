// Work that is done only while a lock is held, or an election is led. What must stay true: the work is told to end early,
// while the lease still lasts for its grace period. So two holders never work at once, unless this process was paused.
// The fencing token protects against that.

import { Exit, OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock, type WaitClock } from "../../core/base/wait-clock.ts";
import { type Contender, endsWorkAtMs, renewEveryMs } from "./contention.ts";
import type { EtcdClient } from "./etcd-client.ts";
import { type KeptLease, keepAliveOnce, keepLease } from "./keep-alive.ts";
import { leaseName } from "./lease-id.ts";
import { askStanding, enterQueue, grantOwnLease, type Place, untilDeleted } from "./queue-up.ts";
import { revokeLease } from "./store-calls.ts";

const RELEASE_MS = 3_000;
/** A deletion whose watch ended without it is asked for again. */
const LOOK_AGAIN_MS = 100;

export interface Wanted {
  readonly name: string;
  readonly value: Uint8Array;
  readonly ttlMs: number;
  /** How long the work takes at most to end once it is told to. */
  readonly graceMs: number;
  /** Give up waiting after this long; null: never. */
  readonly withinMs: number | null;
  /** The caller does not want it any more. */
  readonly signal: AbortSignal;
  readonly onWaiting: (behind: Contender) => void;
}

export interface Held {
  /** The key that says so. */
  readonly key: Uint8Array;
  /** Greater than that of every earlier holder. */
  readonly token: number;
  /** Hexadecimal. */
  readonly lease: string;
  /** Aborted, with why, when the work must end: the lock is lost, or is about to be. */
  readonly lost: AbortSignal;
}

/** Whether the store gave the lock back by itself, or its lease has to run out. */
export interface Released<Result> {
  readonly result: Result;
  readonly wasReleased: boolean;
}

/** Throws LOCK_LOST, LOCK_TIMED_OUT, LOCK_ABANDONED when `signal` was aborted first, and the store's failures. */
export async function hold<Result>(
  client: EtcdClient,
  wanted: Wanted,
  work: (held: Held) => Promise<Result>,
  clock: WaitClock = systemWaitClock,
): Promise<Released<Result>> {
  const sinceMs = clock.now();
  const { signal, ttlMs, graceMs } = wanted;
  const granted = await grantOwnLease(client, ttlMs, { signal });
  const everyMs = renewEveryMs(granted.ttlMs, graceMs);
  const lease = keepLease({ ...granted, sinceMs, everyMs, clock }, (endMs) =>
    keepAliveOnce(client, granted.id, endMs),
  );
  const over = new AbortController();
  try {
    const place = await enterQueue(client, { ...wanted, lease: lease.id }, { signal });
    const gone = watchKey(client, place, lease, clock, over.signal);
    await waitForTurn(client, place, lease, wanted, gone, clock);
    const lost = AbortSignal.any([gone, watchTime(lease, graceMs, clock, over.signal)]);
    const held = { key: place.key, token: place.createRevision, lease: leaseName(lease.id), lost };
    const result = await work(held);
    const wasReleased = await release(client, lease);
    return { result, wasReleased };
  } catch (error) {
    await release(client, lease);
    throw error;
  } finally {
    over.abort();
    lease.stop();
  }
}

/** The place in the queue lasts as long as the lease: a store that does not answer for a while costs nothing. */
async function waitForTurn(
  client: EtcdClient,
  place: Place,
  lease: KeptLease,
  { name, graceMs, withinMs, signal, onWaiting }: Wanted,
  gone: AbortSignal,
  clock: WaitClock,
): Promise<void> {
  const limit = new AbortController();
  if (withinMs !== null) void clock.sleep(withinMs, gone).then(() => limit.abort());
  const stop = AbortSignal.any([signal, gone, limit.signal]);
  for (;;) {
    if (signal.aborted) throw abandoned(name);
    if (gone.aborted) throw placeLost(name, String(gone.reason));
    if (limit.signal.aborted) throw timedOut(name);
    const asked = await askStanding(client, place, { signal: stop }).catch(unlessUnavailable);
    if (asked?.standing.kind === "gone") throw placeLost(name, "its key was deleted");
    // Work begins only with time to end it.
    const hasTime = endsWorkAtMs(lease.lastsUntilMs(), graceMs) > clock.now();
    if (asked?.standing.kind === "holds" && hasTime) return;
    if (asked?.standing.kind === "waits") {
      onWaiting(asked.standing.behind);
      await untilDeleted(client, asked.standing.behind.key, asked.revision, stop);
    }
    if (!stop.aborted) await clock.sleep(LOOK_AGAIN_MS * Math.random(), stop);
  }
}

function unlessUnavailable(error: unknown): null {
  if (error instanceof OperatorError && error.code === "UNAVAILABLE") return null;
  throw error;
}

/** Aborted when the key or its lease is gone. */
function watchKey(
  client: EtcdClient,
  place: Place,
  lease: KeptLease,
  clock: WaitClock,
  over: AbortSignal,
): AbortSignal {
  const gone = new AbortController();
  void lease.ended.then(() => gone.abort("its lease has ended"));
  void untilGone(client, place, clock, over).then(() => over.aborted || gone.abort("its key was deleted"));
  return gone.signal;
}

/** Aborted when the lease may end within the grace. */
function watchTime(lease: KeptLease, graceMs: number, clock: WaitClock, over: AbortSignal): AbortSignal {
  const doubtful = new AbortController();
  const run = async (): Promise<void> => {
    while (!over.aborted) {
      const leftMs = endsWorkAtMs(lease.lastsUntilMs(), graceMs) - clock.now();
      if (leftMs <= 0) return doubtful.abort("its lease could not be renewed in time");
      await clock.sleep(leftMs, over);
    }
  };
  void run();
  return doubtful.signal;
}

/** While the store can't be asked it is not known, and only the lease's own time counts. */
async function untilGone(
  client: EtcdClient,
  place: Place,
  clock: WaitClock,
  over: AbortSignal,
): Promise<void> {
  while (!over.aborted) {
    const asked = await askStanding(client, place, { signal: over }).catch(() => null);
    if (asked?.standing.kind === "gone") return;
    if (asked !== null) {
      await untilDeleted(client, place.key, asked.revision, over).catch(() => undefined);
    }
    if (!over.aborted) await clock.sleep(LOOK_AGAIN_MS, over);
  }
}

/** False: the store did not answer, and the lease ends by itself. */
async function release(client: EtcdClient, lease: KeptLease): Promise<boolean> {
  lease.stop();
  const options = { deadlineMs: RELEASE_MS };
  return await revokeLease(client, lease.id, options).then(
    () => true,
    (error: unknown) => error instanceof OperatorError && error.code === "LEASE_UNKNOWN",
  );
}

export function lockLost(name: string, why: string): OperatorError {
  return new OperatorError("LOCK_LOST", {
    what: `${name} was lost`,
    why,
    next: "check what the command left behind; another holder may have begun",
    exit: Exit.Precondition,
  });
}

function placeLost(name: string, why: string): OperatorError {
  return new OperatorError("LOCK_LOST", {
    what: `the place in the queue of ${name} was lost; the command was not run`,
    why,
    next: "run it again",
    exit: Exit.Precondition,
  });
}

function timedOut(name: string): OperatorError {
  return new OperatorError("LOCK_TIMED_OUT", {
    what: `${name} is held by another client, and --within has passed`,
    next: `see who waits for it and who holds it: fleet kv get ${name}/ --prefix --by create`,
    exit: Exit.TimedOut,
  });
}

function abandoned(name: string): OperatorError {
  return new OperatorError("LOCK_ABANDONED", { what: `stopped waiting for ${name}`, exit: Exit.Interrupted });
}
