// Server reflection (grpc.reflection.v1 and v1alpha), so that grpcurl knows the contract. Reading its files
// takes a third of a process's CPU time at start, and later it would hold up a leader's heartbeats. So a
// separate thread does it. The thread starts with the first request, serves all conversations, and ends after
// a while without requests. A caller that asks again and again therefore starts no further threads. Messages
// stay bytes here.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { rpcError } from "../rpc-error.ts";
import type { ReflectionAnswer, ReflectionQuestion, ServedFiles } from "./reflection-worker.ts";

type Conversation = ServerDuplexStream<Buffer, Buffer>;

// The worker beside this file, in src and in dist.
const WORKER = new URL(
  `./reflection-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

const IDLE_MS = 30_000;

const same = (bytes: Buffer): Buffer => bytes;
const asBytes = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** Adds both versions of the service to `server`. Its thread ends after `idleMs` without requests. */
export function addReflection(
  server: Pick<Server, "addService">,
  served: ServedFiles,
  idleMs = IDLE_MS,
): void {
  const thread = new ReflectionThread(served, idleMs);
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const definition = { path, requestStream: true, responseStream: true, ...asBytes };
    const converse = (call: Conversation) => void thread.converse(path, call);
    server.addService({ ServerReflectionInfo: definition }, { ServerReflectionInfo: converse });
  }
}

/** Settles when the caller has read the written bytes, or has disconnected. */
function drained(call: Conversation): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["drain", "cancelled", "close", "error"]) call.once(event, () => resolve());
  });
}

class ReflectionThread {
  readonly #served: ServedFiles;
  readonly #idleMs: number;
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  /**
   * Requests are answered one after another, whichever caller sent them; the end of a thread waits its turn
   * too.
   */
  #last: Promise<unknown> = Promise.resolve();

  constructor(served: ServedFiles, idleMs: number) {
    this.#served = served;
    this.#idleMs = idleMs;
  }

  /** Answers each request of `call` in its turn; never rejects. */
  async converse(path: string, call: Conversation): Promise<void> {
    try {
      // A destroyed call could not be answered with an error any more.
      for await (const question of call.iterator({ destroyOnReturn: false })) {
        const isTaken = call.write(Buffer.from(await this.#ask({ path, question })));
        // If the caller does not read answers, no more requests are read.
        if (!isTaken) await drained(call);
      }
      call.end();
    } catch (error) {
      // A caller that has disconnected does not get it.
      call.emit("error", error);
    }
  }

  async #ask(question: ReflectionQuestion): Promise<Uint8Array> {
    const answered = this.#last.then(() => this.#askNow(question));
    this.#last = answered.catch(() => undefined);
    const answer = await answered;
    if (answer !== null) return answer;
    throw rpcError(status.INVALID_ARGUMENT, "REQUEST_UNREADABLE", "this is no question of server reflection");
  }

  async #askNow(question: ReflectionQuestion): Promise<ReflectionAnswer> {
    clearTimeout(this.#idle);
    const worker = this.#worker ?? this.#begin();
    const over = new AbortController();
    const { signal } = over;
    try {
      worker.postMessage(question);
      const ended = once(worker, "exit", { signal }).then(() =>
        Promise.reject(new Error("the thread ended")),
      );
      const [answer] = await Promise.race([once(worker, "message", { signal }), ended]);
      return answer;
    } finally {
      over.abort();
      this.#idle = setTimeout(() => this.#end(), this.#idleMs).unref();
    }
  }

  #begin(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#served, execArgv: [] });
    // A process may end without waiting for it.
    worker.unref();
    this.#worker = worker;
    // The thread may fail at any time, even between two requests: the next request starts another.
    worker.on("error", () => {
      if (this.#worker === worker) this.#worker = null;
    });
    return worker;
  }

  #end(): void {
    const worker = this.#worker;
    this.#worker = null;
    this.#last = Promise.allSettled([this.#last, worker?.terminate()]);
  }
}
