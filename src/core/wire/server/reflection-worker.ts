// The thread of reflection.ts: reads the contract's files, and answers questions about them with the library's service.

import { parentPort, workerData } from "node:worker_threads";
import type { MethodDefinition, Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

/** Which .proto files to describe, below which folder, and the full names of the services that are served. */
export interface ServedFiles {
  readonly folder: string;
  readonly files: readonly string[];
  readonly services: readonly string[];
}

export interface ReflectionQuestion {
  /** Of the method that was called: it tells the version. */
  readonly path: string;
  /** A ServerReflectionRequest. */
  readonly question: Uint8Array;
}

/** A ServerReflectionResponse; null when the question was none. */
export type ReflectionAnswer = Uint8Array | null;

/** What the library's service uses of a call. */
interface Call {
  on(event: string, listener: (message: object) => void): void;
  write(response: object): void;
  end(): void;
}

type Answer = (question: Uint8Array) => Uint8Array;

/** The answer to a question, by the path of the method. */
function load({ folder, files, services }: ServedFiles): ReadonlyMap<string, Answer> {
  // Without keepCase the descriptors would show other field names than the contract's.
  const contract = loadSync([...files], { includeDirs: [folder], keepCase: true });
  const answers = new Map<string, Answer>();
  const server = {
    addService: (
      { ServerReflectionInfo: { path, requestDeserialize, responseSerialize } }: Definition,
      { ServerReflectionInfo: converse }: { ServerReflectionInfo(call: Call): void },
    ) => {
      answers.set(path, (question) => {
        const written: Buffer[] = [];
        const message = requestDeserialize(Buffer.from(question));
        converse({
          on: (event, listener) => event === "data" && listener(message),
          write: (response) => void written.push(responseSerialize(response)),
          end: () => undefined,
        });
        return Buffer.concat(written);
      });
    },
  };
  new ReflectionService(contract, { services: [...services] }).addToServer(server as unknown as Server);
  return answers;
}

interface Definition {
  readonly ServerReflectionInfo: MethodDefinition<object, object>;
}

const answers = load(workerData);

parentPort?.on("message", ({ path, question }: ReflectionQuestion) => {
  parentPort?.postMessage(answerTo(path, question));
});

function answerTo(path: string, question: Uint8Array): ReflectionAnswer {
  try {
    return answers.get(path)?.(question) ?? null;
  } catch {
    return null;
  }
}
