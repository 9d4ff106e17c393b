// Server reflection (grpc.reflection.v1 and v1alpha), so that grpcurl knows the contract. To read its files takes a third
// of the CPU time of a process's start, and would hold up a leader's heartbeats later: a thread of its own does it, for as
// long as anybody asks. Here messages stay bytes.

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Server, type ServerDuplexStream, status } from "@grpc/grpc-js";
import type { ReflectionAnswer, ReflectionQuestion, ServedFiles } from "./reflection-worker.ts";
import { rpcError } from "./rpc-error.ts";

type Conversation = ServerDuplexStream<Buffer, Buffer>;

// The same file beside this one, in src and in dist.
const WORKER = new URL(
  `./reflection-worker${import.meta.url.endsWith(".ts") ? ".ts" : ".js"}`,
  import.meta.url,
);

const same = (bytes: Buffer): Buffer => bytes;
const asBytes = {
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
};

/** Adds both versions of the service to `server`. */
export function addReflection(server: Pick<Server, "addService">, served: ServedFiles): void {
  const thread = new ReflectionThread(served);
  for (const version of ["v1", "v1alpha"]) {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const definition = { path, requestStream: true, responseStream: true, ...asBytes };
    const converse = (call: Conversation) => void thread.converse(path, call);
    server.addService({ ServerReflectionInfo: definition }, { ServerReflectionInfo: converse });
  }
}

class ReflectionThread {
  readonly #served: ServedFiles;
  #worker: Worker | null = null;
  /** Questions are answered one after the other, whosever they are. */
  #last: Promise<unknown> = Promise.resolve();
  #conversations = 0;

  constructor(served: ServedFiles) {
    this.#served = served;
  }

  /** Answers each question of `call` in its turn; never rejects. */
  async converse(path: string, call: Conversation): Promise<void> {
    this.#conversations += 1;
    try {
      // A call that is destroyed could not be answered with an error any more.
      for await (const question of call.iterator({ destroyOnReturn: false })) {
        call.write(Buffer.from(await this.#ask({ path, question })));
      }
      call.end();
    } catch (error) {
      // A caller that has gone away hears nothing of it.
      call.emit("error", error);
    } finally {
      this.#conversations -= 1;
      if (this.#conversations === 0) this.#end();
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
    }
  }

  #begin(): Worker {
    const worker = new Worker(WORKER, { workerData: this.#served, execArgv: [] });
    this.#worker = worker;
    // Whenever it fails, be it between two questions: whoever asks next has another.
    worker.on("error", () => {
      if (this.#worker === worker) this.#worker = null;
    });
    return worker;
  }

  #end(): void {
    void this.#worker?.terminate();
    this.#worker = null;
  }
}
