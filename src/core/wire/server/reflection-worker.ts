// The thread of reflection.ts: reads the contract's files, and answers requests with the library's service.

import { parentPort, workerData } from "node:worker_threads";
import type { MethodDefinition, Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";

/** The .proto files to describe, their folder, and the full names of the services that are served. */
export interface ServedFiles {
  readonly folder: string;
  readonly files: readonly string[];
  readonly services: readonly string[];
}

export interface ReflectionQuestion {
  /** Path of the called method: it gives the version. */
  readonly path: string;
  /** A ServerReflectionRequest. */
  readonly question: Uint8Array;
}

/** A ServerReflectionResponse; null when the request was not valid. */
export type ReflectionAnswer = Uint8Array | null;

/** The part of a call that the library's service uses. */
interface Call {
  on(event: string, listener: (message: object) => void): void;
  write(response: object): void;
  end(): void;
}

type Answer = (question: Uint8Array) => Uint8Array;

/** Returns a function that answers a request by the path of its method. */
function load({ folder, files, services }: ServedFiles): ReadonlyMap<string, Answer> {
  // Without keepCase the descriptors would have other field names than the contract.
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
