// How a group has been doing lately, for operators: its leaders, how long commits take, how many there are.
// Only the fleet's own group has one.

import { CommitTimes } from "./commit-times.ts";
import { Rates } from "./rates.ts";
import { Reigns } from "./reigns.ts";

export class GroupHistory {
  readonly reigns = new Reigns();
  readonly commits = new CommitTimes();
  readonly rates = new Rates();
}
