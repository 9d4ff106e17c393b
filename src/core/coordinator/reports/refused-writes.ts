// Requests of shards and callers that this leader refused to write, counted by reason for operators. A
// warning names the caller once for each caller and reason, so that a flood never fills the log.

import type { Log } from "../../base/log.ts";

const WRITE_REFUSALS = [
  "command_too_large",
  "first_contact_quota",
  "registration_pace",
  "report_pace",
] as const;
export type WriteRefusal = (typeof WRITE_REFUSALS)[number];

const WARNINGS_MAX = 1_024;

/** What is wrong, and what to do about it. */
const WARNINGS: Readonly<Record<WriteRefusal, readonly [string, string]>> = {
  command_too_large: [
    "a command was refused: it was larger than any that a correct program sends",
    "check which program this caller runs",
  ],
  first_contact_quota: [
    "a shard reached its limit of bindings by first contact; its further first contacts are not declared",
    "if they are right, declare them: fleet cluster bind; or raise --first-contacts-max on every coordinator",
  ],
  report_pace: [
    "a shard reports more rows than a leader can look at; some of its reports are refused",
    "check which program runs as that shard, and how often it reports",
  ],
  registration_pace: [
    "a shard registers again and again; some of its reports are refused",
    "check whether it restarts all the time, or two processes run as this shard",
  ],
};

export class RefusedWrites {
  readonly #log: Log;
  readonly #counts = new Map<WriteRefusal, number>(WRITE_REFUSALS.map((reason) => [reason, 0]));
  readonly #warned = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  get counts(): ReadonlyMap<WriteRefusal, number> {
    return this.#counts;
  }

  note(reason: WriteRefusal, caller: string, count = 1): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + count);
    const key = JSON.stringify([reason, caller]);
    if (this.#warned.has(key)) return;
    if (this.#warned.size >= WARNINGS_MAX) this.#warned.clear();
    this.#warned.add(key);
    const [fact, next] = WARNINGS[reason];
    this.#log.warn(fact, { caller, count, next });
  }
}
