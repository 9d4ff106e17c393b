// One host on a store that is open: it follows the log, submits, and leads when no other host does.

import { randomUUID } from "node:crypto";
import { OperatorError } from "../../core/base/errors.ts";
import { systemWaitClock, type WaitClock } from "../../core/base/wait-clock.ts";
import { AppliedLog } from "./applied-log.ts";
import type { Coordinator, OpenOptions } from "./coordinator.ts";
import { performEffects } from "./effects.ts";
import { closed, operationUnknown, waitedTooLong } from "./errors.ts";
import { follow } from "./follow.ts";
import { Leading, type Reign } from "./lead.ts";
import { DEADLINE_MS, LEASE_MS, SNAPSHOT_EVERY } from "./limits.ts";
import { LogKeys } from "./log-keys.ts";
import { readThrough } from "./read.ts";
import type { Setting } from "./setting.ts";
import { keepShort } from "./snapshots.ts";
import type { Store } from "./store.ts";
import { submit } from "./submit.ts";

/** For reading the whole log. */
const OPEN_MS = 30_000;

/** On a store that is open already; closes it. */
export async function openOn(
  store: Store,
  options: OpenOptions,
  failures: Failures,
  clock: WaitClock = systemWaitClock,
): Promise<Coordinator> {
  const { name, host = randomUUID(), deadlineMs = DEADLINE_MS } = options;
  const closes = new AbortController();
  const log = new AppliedLog(options);
  const { onStoreError = () => undefined } = options;
  const keys = new LogKeys(name);
  const setting = { store, keys, log, clock, signal: closes.signal, onStoreError };
  failures.onReport = (error) => log.fail(error);
  const leading = new Leading(setting, {
    ...{ host, leaseMs: options.leaseMs ?? LEASE_MS },
    work: (reign) => work(setting, options, reign),
  });
  const ready = Promise.withResolvers<void>();
  let isReady = false;
  const following = follow(setting, () => {
    isReady = true;
    ready.resolve();
  });
  following.catch(ready.reject);
  const close = async () => {
    closes.abort();
    await Promise.allSettled([following, running]);
    await store.close();
  };
  let running: Promise<void> = Promise.resolve();
  try {
    await Promise.race([ready.promise, clock.sleep(OPEN_MS, closes.signal)]);
    if (!isReady) throw waitedTooLong("the log could not be read in time");
  } catch (error) {
    await close();
    throw error;
  }
  running = leading.run();
  for (const part of [following, running]) part.catch((error: unknown) => failures.report(error));
  let submitted = 0;
  const session = randomUUID();
  return {
    address: store.address,
    submitWrite: async (operation, payload, { deadlineMs: limitMs = deadlineMs } = {}) => {
      if (log.failure !== null) throw log.failure;
      if (closes.signal.aborted) throw closed();
      if (options.appliers[operation] === undefined) throw operationUnknown(operation);
      submitted += 1;
      return await submit(setting, { id: `${session}-${submitted}`, operation, payload }, limitMs);
    },
    read: ({ atLeast, deadlineMs: limitMs = deadlineMs } = {}) => readThrough(setting, atLeast, limitMs),
    currentRole: () => (leading.isLeader ? "leader" : "follower"),
    currentLeaderId: () => log.leader?.host ?? null,
    clusterTopology: async () => ({
      ...{ host, leader: log.leader?.host ?? null, term: log.leader?.term ?? 0 },
      replicas: await store.replicas(),
    }),
    close,
  };
}

async function work(setting: Setting, options: OpenOptions, reign: Reign): Promise<void> {
  const { name, effects = {}, onEffectError = () => undefined, snapshotEvery = SNAPSHOT_EVERY } = options;
  await Promise.all([
    performEffects({ ...setting, name, effects, onEffectError }, reign),
    keepShort(setting, reign, snapshotEvery),
  ]);
}

/** What ends a host, told once. */
export class Failures {
  readonly #notify: (error: Error) => void;
  #hasTold = false;
  onReport: (error: OperatorError) => void = () => undefined;

  constructor(notify: (error: Error) => void = () => undefined) {
    this.#notify = notify;
  }

  report(error: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    const known = error instanceof OperatorError ? error : waitedTooLong(String(error));
    this.onReport(known);
    this.#notify(known);
  }
}
