// How a snapshot travels from one simulated node to another, as snapshot-sender.ts sends it. The sender asks the
// receiver which bytes it has, and sends the rest part by part. When a stream breaks off, it continues on another one.
// Deliberately absent: the rate, and its deadline.

import type { GroupId } from "../base/ids.ts";
import type { Message, Snapshot, StoredData } from "../raft/message.ts";
import { confStateToWire } from "../transport/raft-codec.ts";
import type { SnapshotCall } from "../transport/snapshot-receiver.ts";
import type { SnapshotChunk, SnapshotHeader, SnapshotProgress } from "../wire/gen/fleet/v1/raft.ts";
import { readRpcError } from "../wire/rpc-error.ts";
import type { EventQueue } from "./event-queue.ts";
import { CLUSTER_ID } from "./open-folder.ts";
import type { SnapshotIntake } from "./snapshot-intake.ts";

const STREAMS_MAX = 4;
const RETRY_MS = 200;
/** Without progress for so long a stream is given up: one of both ends is gone. */
const STALL_MS = 800;
/** Those that another stream does not change. */
const FINAL: readonly (string | null)[] = ["SNAPSHOT_DAMAGED", "SNAPSHOT_MALFORMED", "GROUP_UNKNOWN"];

export interface Journey {
  readonly group: GroupId;
  readonly message: Message;
  readonly snapshot: Snapshot;
  readonly data: StoredData;
  readonly queue: EventQueue;
  /** How long the next part is under way; null: the link is cut. */
  readonly delayMs: () => number | null;
  /** Does something at the receiver, unless that is down. */
  readonly atReceiver: (what: (intake: SnapshotIntake) => void) => void;
}

/** Whether it was delivered. */
export async function travel(journey: Journey): Promise<boolean> {
  for (let stream = 0; stream < STREAMS_MAX; stream += 1) {
    const failure = await new Attempt(journey).result;
    if (failure === null) return true;
    if (FINAL.includes(readRpcError(failure).reason)) return false;
    await new Promise<void>((resolve) => journey.queue.after(RETRY_MS, resolve));
  }
  return false;
}

/** One stream. */
class Attempt {
  readonly #journey: Journey;
  readonly #chunks = new Chunks();
  /** Null: it was delivered. */
  readonly result: Promise<Error | null>;
  #end: (failure: Error | null) => void = () => undefined;
  #movedMs: number;
  #isOver = false;

  constructor(journey: Journey) {
    this.#journey = journey;
    this.#movedMs = journey.queue.nowMs;
    this.result = new Promise((resolve) => {
      this.#end = (failure) => {
        this.#isOver = true;
        this.#chunks.destroy(failure ?? new Error("the stream has ended"));
        resolve(failure);
      };
    });
    this.#watch();
    this.#run().catch((error: unknown) => this.#end(error as Error));
  }

  #watch(): void {
    const { queue } = this.#journey;
    queue.after(STALL_MS, () => {
      if (this.#isOver) return;
      if (queue.nowMs - this.#movedMs >= STALL_MS) this.#end(new Error("there is no progress"));
      else this.#watch();
    });
  }

  async #run(): Promise<void> {
    const { data, message } = this.#journey;
    const offset = await this.#offer();
    const header = { ...this.#header(), offset };
    await this.#way();
    const isInstalled = this.#install(message);
    await this.#push({ part: { $case: "header", value: header } });
    for await (const value of data.read(offset)) await this.#push({ part: { $case: "data", value } });
    await this.#arrive(() => this.#chunks.end());
    await isInstalled;
    await this.#way();
    this.#end(null);
  }

  async #offer(): Promise<number> {
    const { message } = this.#journey;
    await this.#way();
    const { bytes } = await new Promise<SnapshotProgress>((resolve, reject) =>
      this.#journey.atReceiver(({ receiver }) =>
        receiver.offer(this.#header(), message.from).then(resolve, reject),
      ),
    );
    await this.#way();
    return bytes;
  }

  #install({ from }: Message): Promise<void> {
    const installed = new Promise<void>((resolve, reject) =>
      this.#journey.atReceiver((intake) => {
        this.#chunks.isHeard = () => intake.isAlive;
        intake.receiver.install(this.#chunks, from, intake.receive, (error) =>
          error === null ? resolve() : reject(error),
        );
      }),
    );
    installed.catch((error: unknown) => this.#end(error as Error));
    return installed;
  }

  #push(chunk: SnapshotChunk): Promise<void> {
    return this.#arrive(() => this.#chunks.push(chunk));
  }

  async #arrive(what: () => void): Promise<void> {
    await this.#way();
    await new Promise<void>((resolve) =>
      this.#journey.atReceiver(() => {
        if (!this.#isOver) what();
        resolve();
      }),
    );
    this.#movedMs = this.#journey.queue.nowMs;
  }

  /** Goes over the link. */
  async #way(): Promise<void> {
    const { queue, delayMs } = this.#journey;
    const ms = delayMs();
    if (ms !== null) await new Promise<void>((resolve) => queue.after(ms, resolve));
    if (ms === null || this.#isOver || delayMs() === null) throw new Error("the stream broke off");
  }

  #header(): SnapshotHeader {
    const { group, message, snapshot, data } = this.#journey;
    return {
      ...{ clusterId: CLUSTER_ID, groupId: group, from: message.from, to: message.to },
      ...{ messageTerm: message.term, index: snapshot.index, term: snapshot.term },
      ...{
        confState: confStateToWire(snapshot.confState),
        bytes: data.bytes,
        sha256: data.sha256,
        offset: 0,
      },
    };
  }
}

/** The receiver's end of a stream. */
class Chunks implements SnapshotCall {
  readonly #waiting: SnapshotChunk[] = [];
  #failure: Error | null = null;
  #isEnded = false;
  #wake: () => void = () => undefined;
  /** Whether the process that reads from it still runs: if not, the journey must end. */
  isHeard: () => boolean = () => true;

  push(chunk: SnapshotChunk): void {
    this.#waiting.push(chunk);
    this.#stir();
  }

  end(): void {
    this.#isEnded = true;
    this.#stir();
  }

  destroy(error: Error): void {
    this.#failure ??= error;
    this.#stir();
  }

  #stir(): void {
    if (this.isHeard()) this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SnapshotChunk> {
    for (;;) {
      const chunk = this.#waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (this.#failure !== null) throw this.#failure;
      else if (this.#isEnded) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}
