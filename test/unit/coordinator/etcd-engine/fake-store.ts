// The log's port over a fake etcd, for tests of the driver: every call may fail before or after it took effect.

import { setImmediate as nextPass } from "node:timers/promises";
import type { LogIndex } from "../../../../src/core/base/ids.ts";
import type { GrantedLease, LogStore } from "../../../../src/core/coordinator/etcd-engine/log-store.ts";
import { readSnapshot } from "../../../../src/core/etcd-log/records.ts";
import type {
  Fetched,
  GuardedWrite,
  View,
  Wanted,
  WriteAnswer,
} from "../../../../src/core/etcd-log/vocabulary.ts";
import type { EtcdSnapshot } from "../../../../src/core/wire/gen/fleet/v1/etcd_log.ts";
import type { FakeEtcd } from "../../etcd-log/fake-etcd.ts";

export class FakeStore implements LogStore {
  readonly #etcd: FakeEtcd;
  /** Whether etcd can't be reached from here. */
  isCut = false;
  /** Whether answers of writes get lost on their way back. */
  losesAnswers = false;
  compactedThrough = 0;
  readonly compactions: number[] = [];
  /** How many of the next compactions get no answer. */
  failedCompactions = 0;
  isClosed = false;
  /** How many batches each fetch asked for. */
  readonly asked: number[] = [];
  /** What a fetch waits for before it is answered. */
  slowly: () => Promise<void> = () => Promise.resolve();

  constructor(etcd: FakeEtcd) {
    this.#etcd = etcd;
  }

  look(): Promise<View> {
    return this.#answer(() => this.#etcd.view());
  }

  async write(write: GuardedWrite): Promise<WriteAnswer> {
    if (this.isCut) return { kind: "unknown" };
    const answer = this.#etcd.write(write);
    return this.losesAnswers ? { kind: "unknown" } : answer;
  }

  async fetch({ from, batches }: Wanted): Promise<Fetched> {
    this.asked.push(batches);
    await this.slowly();
    return this.#answer(() => this.#etcd.fetched(from, batches));
  }

  snapshot(): Promise<EtcdSnapshot | null> {
    return this.#answer(() => {
      const stored = this.#etcd.find(this.#etcd.keys.snapshot);
      return stored === undefined ? null : readSnapshot(stored);
    });
  }

  /** It takes a while, in which other calls are answered. */
  async chunk({ lastIndex, term }: EtcdSnapshot, number: number): Promise<Uint8Array> {
    for (let passes = 0; passes < 20; passes += 1) await nextPass();
    return this.#answer(() => {
      const stored = this.#etcd.find(this.#etcd.keys.chunk(lastIndex, term as never, number));
      if (stored === undefined) throw new Error("the chunk is gone");
      return stored.value;
    });
  }

  trim(log: LogIndex, chunks: LogIndex): Promise<void> {
    return this.#answer(() => {
      this.#etcd.trim(log);
      this.#etcd.eraseRange(this.#etcd.keys.chunks(0), this.#etcd.keys.chunks(chunks));
    });
  }

  async compact(revision: number): Promise<void> {
    this.compactions.push(revision);
    if (this.failedCompactions > 0) {
      this.failedCompactions -= 1;
      throw new Error("the answer was lost");
    }
    this.compactedThrough = revision;
  }

  grantLease(): Promise<GrantedLease> {
    return this.#answer(() => ({ id: this.#etcd.grant(), ttlMs: 2_000 }));
  }

  keepLease(id: string): Promise<number> {
    return this.#answer(() => (this.#etcd.holds(id) ? 2_000 : 0));
  }

  async revokeLease(id: string): Promise<void> {
    this.#etcd.expire(id);
  }

  watch(): void {}

  close(): void {
    this.isClosed = true;
  }

  async #answer<Answer>(ask: () => Answer): Promise<Answer> {
    if (this.isCut) throw new Error("etcd can't be reached");
    return ask();
  }
}
