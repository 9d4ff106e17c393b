// Over real mutual TLS: a peer's certificate is read once a connection (reading it takes 61 µs), and what was read is
// never another connection's.

import { TLSSocket } from "node:tls";
import { Client, type handleUnaryCall } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { channelOptions, serverOptions } from "../../src/core/wire/channel-options.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import type { UnaryCall } from "../../src/core/wire/server/unary-calls.ts";
import { channelCredentials } from "../../src/core/wire/tls/credentials.ts";
import { formatIdentity } from "../../src/core/wire/tls/identity.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { TestAuthority } from "./test-authority.ts";

const PATH = "/test.Who/AmI";
const text = {
  serialize: (value: string) => Buffer.from(value),
  deserialize: (bytes: Buffer) => String(bytes),
};

interface Who {
  readonly whoAmI: handleUnaryCall<string, string>;
}
const definition = {
  whoAmI: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  },
} as const;

let authority: TestAuthority;
let server: RpcServer;
let address: string;
beforeAll(async () => {
  authority = await TestAuthority.make();
  await authority.issue("server", ["fleet://replica/1"]);
  const tls = loadTls(authority.files("server"));
  const errors = new InternalErrors("server", silentLog);
  server = new RpcServer({ tls, errors, log: silentLog, options: serverOptions });
  const whoAmI = async ({ identity }: UnaryCall<string>) => formatIdentity(identity);
  server.addService<Who>(definition, { whoAmI }, { whoAmI: { allow: anyIdentity, bytesMax: 100 } });
  address = await server.listen("127.0.0.1:0");
});
afterAll(async () => {
  await server.close();
  await authority.remove();
});

function connect(name: string): Client {
  const credentials = channelCredentials(loadTls(authority.files(name)), address, "replica");
  return new Client(address, credentials, { ...channelOptions, "grpc.use_local_subchannel_pool": 1 });
}

const ask = (client: Client): Promise<string> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(PATH, text.serialize, text.deserialize, "who", (error, who) =>
      error ? reject(error) : resolve(who ?? ""),
    );
  });

test("50 calls of one connection read its certificate once, and another connection's is its own", async () => {
  await authority.issue("client", ["fleet://readonly"]);
  const first = connect("client");
  await ask(first);
  const read = vi.spyOn(TLSSocket.prototype, "getPeerCertificate");
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(first)));
  expect(new Set(answers)).toEqual(new Set(["fleet://readonly"]));
  expect(read).not.toHaveBeenCalled();
  read.mockRestore();

  // The certificate is replaced: the old connection has the old identity until it ends, the new one the new.
  await authority.issue("client", ["fleet://shard/s1"]);
  const second = connect("client");
  expect(await ask(second)).toBe("fleet://shard/s1");
  expect(await ask(first)).toBe("fleet://readonly");
  first.close();
  second.close();
});
