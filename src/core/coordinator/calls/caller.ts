// The caller and the deadline: every method gets them beside its request.

import type { MonotonicMs } from "../../base/clock.ts";
import type { Identity } from "../../wire/tls/identity.ts";

export interface Caller {
  readonly identity: Identity;
  /** By then the answer must leave. */
  readonly deadline: MonotonicMs;
}
