// Reads that hold very many rows while they are made in slices: sorted ranges and lists of leases. What must stay true: this
// process holds the rows of one such read at a time, and callers take turns.

import type { Clock } from "../../base/clock.ts";
import type { Slicing } from "../../fleet/slices.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import { FairLines } from "../calls/fair-lines.ts";
import type { LargeWork } from "../calls/large-work.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";

export class LargeReads {
  readonly #work: Pick<LargeWork, "run">;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #waiting = new FairLines(Number.POSITIVE_INFINITY);
  #isReading = false;

  constructor(work: Pick<LargeWork, "run">, clock: Pick<Clock, "monotonicMs">) {
    this.#work = work;
    this.#clock = clock;
  }

  /** `begin` is called when the read has its turn. Throws an RpcError if that is too late, or its caller reads no answers. */
  async run<Value>(
    { identity, deadline, refuseUnread }: Caller,
    begin: () => Slicing<Value>,
  ): Promise<Value> {
    const name = formatIdentity(identity);
    if (this.#isReading) {
      await new Promise((resume) => this.#waiting.add(name, { sinceMs: 0, resume }));
    }
    this.#isReading = true;
    try {
      if (this.#clock.monotonicMs() >= deadline) throw ETCD_ERRORS.timeout;
      refuseUnread?.();
      return await this.#work.run(name, begin());
    } finally {
      const next = this.#waiting.take();
      this.#isReading = next !== undefined;
      next?.resume(true);
    }
  }
}
