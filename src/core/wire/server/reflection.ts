// Server reflection (grpc.reflection.v1 and v1alpha), so that grpcurl knows the contract. It answers with the
// descriptor set that the build makes of the .proto files. The set is read with the first request: few processes
// ever get one. Deliberately absent: extensions, of which the contract has none.

import { type ServerDuplexStream, status } from "@grpc/grpc-js";
import { readOwnFile } from "../../base/own-files.ts";
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  type ServerReflectionServer,
  ServerReflectionService,
} from "../gen/grpc/reflection/v1/reflection.ts";
import { type DescribedFile, readDescriptorSet } from "./descriptor-set.ts";
import type { MethodRule } from "./method-rules.ts";
import type { RpcServer } from "./rpc-server.ts";

type Call = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type Response = NonNullable<ServerReflectionResponse["messageResponse"]>;

// `npm run build` makes it (buf build).
const CONTRACT = "dist/contract.binpb";

const { serverReflectionInfo: v1 } = ServerReflectionService;
// The messages of both versions are the same.
const v1alpha = { ...v1, path: v1.path.replace(".v1.", ".v1alpha.") } as typeof v1;

export interface Served {
  /** The .proto files to describe; what they import is described too. */
  readonly files: readonly string[];
  /** Full names. */
  readonly services: readonly string[];
}

/** Adds both versions of the service to `server`. An error of `count` refuses the next request of a call. */
export function addReflection(
  server: RpcServer,
  served: Served,
  rule: MethodRule,
  count: (call: Call) => Error | null,
): void {
  let contract: Contract | null = null;
  const serverReflectionInfo = (call: Call) =>
    converse(call, (request) => {
      const refusal = count(call);
      if (refusal !== null) throw refusal;
      contract ??= new Contract(served, readDescriptorSet(readOwnFile(CONTRACT)));
      return contract.answer(request);
    });
  for (const definition of [v1, v1alpha]) {
    server.addService<ServerReflectionServer>(
      { serverReflectionInfo: definition },
      { serverReflectionInfo },
      { serverReflectionInfo: rule },
    );
  }
}

/** While the caller does not read answers, no more requests are read. */
function converse(call: Call, answer: (request: ServerReflectionRequest) => ServerReflectionResponse): void {
  call.on("data", (request: ServerReflectionRequest) => {
    if (call.write(answer(request))) return;
    call.pause();
    call.once("drain", () => call.resume());
  });
  call.on("end", () => call.end());
}

class Contract {
  readonly #services: readonly string[];
  readonly #files = new Map<string, DescribedFile>();
  readonly #bySymbol = new Map<string, DescribedFile>();

  constructor({ files, services }: Served, set: readonly DescribedFile[]) {
    this.#services = services;
    const all = new Map(set.map((file) => [file.name, file]));
    for (const file of withImports(files, all)) {
      this.#files.set(file.name, file);
      for (const symbol of file.symbols) this.#bySymbol.set(symbol, file);
    }
  }

  answer(originalRequest: ServerReflectionRequest): ServerReflectionResponse {
    const messageResponse = this.#answer(originalRequest.messageRequest);
    return { validHost: originalRequest.host, originalRequest, messageResponse };
  }

  #answer(question: ServerReflectionRequest["messageRequest"]): Response {
    switch (question?.$case) {
      case "listServices": {
        const service = this.#services.map((name) => ({ name }));
        return { $case: "listServicesResponse", value: { service } };
      }
      case "fileByFilename":
        return this.#described(this.#files.get(question.value), `the contract has no file ${question.value}`);
      case "fileContainingSymbol":
        return this.#described(this.#bySymbol.get(question.value), `no file declares ${question.value}`);
      case "fileContainingExtension":
      case "allExtensionNumbersOfType":
        return refusal(status.NOT_FOUND, "the contract has no extensions");
      case undefined:
        return refusal(status.UNIMPLEMENTED, "this server does not know that kind of request");
    }
  }

  #described(file: DescribedFile | undefined, otherwise: string): Response {
    if (file === undefined) return refusal(status.NOT_FOUND, otherwise);
    const fileDescriptorProto = withImports([file.name], this.#files).map(({ bytes }) => Buffer.from(bytes));
    return { $case: "fileDescriptorResponse", value: { fileDescriptorProto } };
  }
}

/** The files of these names, and all that they import, each once. */
function withImports(
  names: readonly string[],
  all: ReadonlyMap<string, DescribedFile>,
): readonly DescribedFile[] {
  const found = new Map<string, DescribedFile>();
  const visit = (name: string) => {
    const file = all.get(name);
    if (file === undefined || found.has(name)) return;
    found.set(name, file);
    file.imports.forEach(visit);
  };
  names.forEach(visit);
  return [...found.values()];
}

const refusal = (errorCode: number, errorMessage: string): Response => ({
  $case: "errorResponse",
  value: { errorCode, errorMessage },
});
