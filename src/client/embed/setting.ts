// What the parts of an open coordinator share.

import type { WaitClock } from "../../core/base/wait-clock.ts";
import type { AppliedLog } from "./applied-log.ts";
import type { LogKeys } from "./log-keys.ts";
import type { Store } from "./store.ts";

export interface Setting {
  readonly store: Store;
  readonly keys: LogKeys;
  readonly log: AppliedLog;
  readonly clock: WaitClock;
  /** Aborted when the coordinator is closed. */
  readonly signal: AbortSignal;
  /** Of a call that is repeated. */
  readonly onStoreError: (error: Error) => void;
}

/** Before a call that failed is repeated. */
export const RETRY_MS = 50;
/** Of a call of the coordinator's own. */
export const CALL_MS = 5_000;
