// What operators see of how a group has been doing lately: its leaders, how long commits take, how many there are. Only the
// fleet's own group keeps one.

import { CommitTimes } from "./commit-times.ts";
import { Rates } from "./rates.ts";
import { Reigns } from "./reigns.ts";

export class GroupHistory {
  readonly reigns = new Reigns();
  readonly commits = new CommitTimes();
  readonly rates = new Rates();
}
