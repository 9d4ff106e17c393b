// What all parts of one run share.

import type { Builds } from "./builds.ts";
import type { Checker } from "./checker.ts";
import type { EventQueue } from "./event-queue.ts";
import type { KeyHolders } from "./key-holders.ts";
import type { Network } from "./network.ts";
import type { Swarm } from "./swarm.ts";
import type { Trace } from "./trace.ts";

export interface World {
  readonly swarm: Swarm;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly checker: Checker;
  readonly trace: Trace;
  readonly builds: Builds;
  readonly keys: KeyHolders;
}
