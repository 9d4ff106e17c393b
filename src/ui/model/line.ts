// A line below a table.

import type { Mark } from "./table.ts";

/** A line of text below a table. */
export interface Line {
  readonly text: string;
  readonly mark: Mark;
}
