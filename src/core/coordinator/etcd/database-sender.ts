// Sends the key space as a database file of etcd's (`etcdctl snapshot save`), as this replica has it, in pages between
// which other work runs. What must stay true: the memory that a slow caller holds is bounded, in bytes and in time.

import { createHash } from "node:crypto";
import { once } from "node:events";
import type { ServerWritableStream } from "@grpc/grpc-js";
import { halfDutyCycle } from "../../base/duty-cycle.ts";
import { etcdDatabase } from "../../kv/etcd-database.ts";
import type { SnapshotRequest, SnapshotResponse } from "../../wire/gen/etcd/etcdserverpb/rpc.ts";
import { callerOf, formatIdentity } from "../../wire/tls/identity.ts";
import type { EtcdContext } from "./etcd-context.ts";
import { ETCD_ERRORS } from "./etcd-errors.ts";
import type { Headers } from "./headers.ts";
import type { KeyReads } from "./key-reads.ts";

/** A file holds the versions of its moment, also those that are compacted meanwhile. */
const SENT_AT_ONCE_MAX = 2;
const PART_BYTES = 64 * 1024;
/** A caller that takes nothing for so long gets no more. */
const PATIENCE_MS = 30_000;

/** How long it waits for the key space of a new fleet. */
const OPENED_WITHIN_MS = 5_000;

type Call = ServerWritableStream<SnapshotRequest, SnapshotResponse>;

export class DatabaseSender {
  readonly #context: EtcdContext;
  readonly #reads: KeyReads;
  readonly #headers: Headers;
  #sending = 0;

  constructor(context: EtcdContext, reads: KeyReads, headers: Headers) {
    this.#context = context;
    this.#reads = reads;
    this.#headers = headers;
  }

  send(call: Call): void {
    if (this.#sending >= SENT_AT_ONCE_MAX) throw ETCD_ERRORS.tooManyRequests;
    this.#sending += 1;
    const { internalErrors } = this.#context.fleet;
    this.#sendAll(call)
      .catch((error: unknown) => call.emit("error", internalErrors.answer(error, call.getPath())))
      .finally(() => {
        this.#sending -= 1;
      });
  }

  async #sendAll(call: Call): Promise<void> {
    const gone = new AbortController();
    for (const event of ["cancelled", "close", "error"] as const) call.on(event, () => gone.abort());
    const { clock } = this.#context.fleet;
    const { driver } = await this.#reads.opened(clock.monotonicMs() + OPENED_WITHIN_MS);
    const view = this.#reads.here().capture();
    const header = this.#headers.at(view.revision);
    const position = { appliedIndex: driver.appliedIndex, term: driver.term };
    const owner = formatIdentity(callerOf(call, this.#context.tls));
    const file = await this.#context.fleet.largeWork.run(owner, etcdDatabase(view, position));
    const hash = createHash("sha256");
    let remaining = file.bytes + hash.copy().digest().length;
    const pause = halfDutyCycle();
    const write = async (blob: Buffer) => {
      remaining -= blob.length;
      if (!call.write({ header, remainingBytes: remaining, blob })) await drained(call, gone.signal);
      await pause();
    };
    for (const blob of gathered(file.parts())) {
      if (gone.signal.aborted) return;
      hash.update(blob);
      await write(blob);
    }
    // etcdctl refuses a file without it.
    await write(hash.digest());
    call.end();
  }
}

/** Resolves when the transport takes more, or the caller is gone. */
async function drained(call: Call, gone: AbortSignal): Promise<void> {
  const late = AbortSignal.timeout(PATIENCE_MS);
  await once(call, "drain", { signal: AbortSignal.any([gone, late]) }).catch((error: unknown) => {
    if (late.aborted) throw ETCD_ERRORS.timeout;
    if (!gone.aborted) throw error;
  });
}

function* gathered(parts: Iterable<Uint8Array>): Generator<Buffer, void, undefined> {
  let waiting: Uint8Array[] = [];
  let bytes = 0;
  for (const part of parts) {
    waiting.push(part);
    bytes += part.length;
    if (bytes < PART_BYTES) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    bytes = 0;
  }
  if (bytes > 0) yield Buffer.concat(waiting);
}
