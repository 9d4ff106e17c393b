// The changes of one log entry.

import type { LogIndex } from "../../base/ids.ts";
import type { RowChange } from "../state.ts";

/** All changes of one log entry. */
export interface ChangeSet {
  readonly index: LogIndex;
  readonly changes: readonly RowChange[];
}
