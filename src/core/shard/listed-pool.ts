// A pool of machines as the inventory lists it.

import type { MachinePool } from "../wire/files/machines-file.ts";

export interface ListedPool extends MachinePool {
  /** Its topology domain does not belong to this shard now, so it has no machines here. */
  readonly elsewhere?: boolean;
}
