// Server reflection (grpc.reflection.v1 and v1alpha), so that grpcurl knows the contract. To read its files takes a third
// of the CPU time of a process's start, and would hold up a leader's heartbeats later: a thread of its own does it. It
// begins with the first question, is one for all conversations, and ends after a while without any, so that whoever asks
// again and again makes no further one. Here messages stay bytes.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import { rpcError } from "../rpc-error.ts";
import type { ReflectionAnswer, ReflectionQuestion, ServedFiles } from "./reflection-worker.ts";

type Conversation = ServerDuplexStream<Buffer, Buffer>;

// The same file beside this one, in src and in dist.
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

/** Adds both versions of the service to `server`. Its thread ends when it was asked nothing for `idleMs`. */
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

/** Settles when the caller has read what was written, or has gone away. */
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
  /** Questions are answered one after the other, whosever they are; a thread ends in its turn too. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(served: ServedFiles, idleMs: number) {
    this.#served = served;
    this.#idleMs = idleMs;
  }

  /** Answers each question of `call` in its turn; never rejects. */
  async converse(path: string, call: Conversation): Promise<void> {
    try {
      // A call that is destroyed could not be answered with an error any more.
      for await (const question of call.iterator({ destroyOnReturn: false })) {
        const isTaken = call.write(Buffer.from(await this.#ask({ path, question })));
        // Who reads no answers is asked for no more questions.
        if (!isTaken) await drained(call);
      }
      call.end();
    } catch (error) {
      // A caller that has gone away hears nothing of it.
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
    // A process that is done need not wait for it.
    worker.unref();
    this.#worker = worker;
    // Whenever it fails, be it between two questions: whoever asks next has another.
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
