import type { LogIndex } from "../../../src/core/base/ids.ts";
import type { Machine } from "../../../src/core/coordinator/group/machine.ts";
import type { Snapshot } from "../../../src/core/raft/message.ts";

/** A whole snapshot at once. */
export function restoreWhole(machine: Machine<unknown>, index: LogIndex, data: Snapshot["data"]): void {
  if (!(data instanceof Uint8Array)) throw new Error("it is not in memory");
  const restoring = machine.restore(index);
  restoring.add(data);
  restoring.finish();
}
