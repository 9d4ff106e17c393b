// Methods whose messages are bytes, for servers at real ports, and a service that answers with what it was sent.

import type { handleUnaryCall } from "@grpc/grpc-js";
import type { MethodRule } from "../../src/core/wire/server/method-rules.ts";
import type { RpcServer } from "../../src/core/wire/server/rpc-server.ts";

const same = (bytes: Buffer) => bytes;
const codec = {
  ...{ requestSerialize: same, requestDeserialize: same },
  ...{ responseSerialize: same, responseDeserialize: same },
};

export type BytesCall = handleUnaryCall<Buffer, Buffer>;

/** A method that takes one message and answers with one. */
export const bytesMethod = (path: string) =>
  ({ path, requestStream: false, responseStream: false, ...codec }) as const;

/** A method of two streams. */
export const bytesStream = (path: string) =>
  ({ path, requestStream: true, responseStream: true, ...codec }) as const;

export const ECHO = "/test.Echo/Echo";

interface Echo {
  readonly echo: BytesCall;
}

/** Serves ECHO. */
export function addEcho(server: RpcServer, rule: MethodRule): void {
  const definition = { echo: bytesMethod(ECHO) };
  server.addService<Echo>(definition, { echo: async ({ request }) => request }, { echo: rule });
}
