// A caller of nodes that exist only as addresses.

import { LeaderCaller } from "../../../../src/core/wire/leader/leader-caller.ts";
import type { VirtualWorld } from "../virtual-world.ts";

export interface Addressed {
  readonly address: string;
  close(): void;
}

export function callerOf(endpoints: readonly string[], world: VirtualWorld): LeaderCaller<Addressed> {
  return new LeaderCaller({
    endpoints: endpoints.map((address) => ({ address })),
    connect: (address) => ({ address, close: () => undefined }),
    world,
  });
}
