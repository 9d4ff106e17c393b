// A generic client of the two standard services, made from their own .proto files: it knows nothing of fleet.

import { fileURLToPath } from "node:url";
import type { Client } from "@grpc/grpc-js";
import { loadSync, type MethodDefinition } from "@grpc/proto-loader";
import { assert, present } from "../../src/core/base/assert.ts";

const HEALTH_PROTO = fileURLToPath(new URL("../../proto/grpc/health/v1/health.proto", import.meta.url));
const REFLECTION_PROTO = fileURLToPath(
  new URL("../../proto/grpc/reflection/v1/reflection.proto", import.meta.url),
);

type Method = MethodDefinition<object, object>;

function methodOf(protoPath: string, service: string, method: string): Method {
  const definition = loadSync(protoPath, { keepCase: true, enums: String, bytes: String, oneofs: true })[
    service
  ];
  assert(definition !== undefined && !("format" in definition), `${service} is a service`);
  return present((definition as Record<string, Method>)[method], `${service} has ${method}`);
}

/** grpc.health.v1.Health/Check of `service`. */
export function checkHealth(client: Client, service: string): Promise<object | undefined> {
  const { path, requestSerialize, responseDeserialize } = methodOf(
    HEALTH_PROTO,
    "grpc.health.v1.Health",
    "Check",
  );
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}

/** One question to grpc.reflection.v1.ServerReflection; bytes come as base64. */
export function askReflection(client: Client, question: object): Promise<object> {
  const service = "grpc.reflection.v1.ServerReflection";
  const method = methodOf(REFLECTION_PROTO, service, "ServerReflectionInfo");
  const { path, requestSerialize, responseDeserialize } = method;
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize);
    stream.on("data", resolve);
    stream.on("error", reject);
    stream.write(question);
    stream.end();
  });
}

/** The names of the files that a ServerReflectionResponse describes. */
export function filesIn(response: object): string[] {
  const { file_descriptor_response: found } = response as {
    readonly file_descriptor_response?: { readonly file_descriptor_proto: readonly string[] };
  };
  // Field 1 of a FileDescriptorProto is its name: a tag, a length and the text.
  const files = found?.file_descriptor_proto.map((base64) => Buffer.from(base64, "base64")) ?? [];
  return files.map((bytes) => String(bytes.subarray(2, 2 + (bytes[1] ?? 0))));
}

/** Every method of both standard services, in the versions that are served. */
export function standardMethods(): Method[] {
  const health = methodsOf(HEALTH_PROTO, "grpc.health.v1.Health");
  const reflection = methodsOf(REFLECTION_PROTO, "grpc.reflection.v1.ServerReflection");
  const alpha = reflection.map((method) => ({ ...method, path: method.path.replace(".v1.", ".v1alpha.") }));
  return [...health, ...reflection, ...alpha];
}

function methodsOf(protoPath: string, service: string): Method[] {
  return Object.values(loadSync(protoPath)[service] as Record<string, Method>);
}
