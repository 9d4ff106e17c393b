// The caller and the deadline: every method gets them beside its request.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Identity } from "../../wire/tls/identity.ts";

export interface Caller {
  readonly identity: Identity;
  /** By then the answer must leave. */
  readonly deadline: MonotonicMs;
  /** Throws the RpcError of a caller that reads none of its answers; absent for streams. */
  readonly refuseUnread?: () => void;
  /** The process itself acts, after a caller that is gone or has lost its permission. */
  readonly isCleanUp?: boolean;
}
