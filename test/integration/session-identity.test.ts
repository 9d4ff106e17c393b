// Over real mutual TLS: a peer's certificate is read once a connection (reading it takes 61 µs), and what was read is
// never another connection's.

import { TLSSocket } from "node:tls";
import { Client, Server, type ServiceDefinition } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { admitted, anyIdentity } from "../../src/core/wire/admit.ts";
import { bindServer } from "../../src/core/wire/bind-server.ts";
import { channelOptions, serverOptions } from "../../src/core/wire/channel-options.ts";
import { channelCredentials } from "../../src/core/wire/credentials.ts";
import { formatIdentity } from "../../src/core/wire/identity.ts";
import { RpcError } from "../../src/core/wire/rpc-error.ts";
import { loadTls } from "../../src/core/wire/tls.ts";
import { TestAuthority } from "./test-authority.ts";

const PATH = "/test.Who/AmI";
const text = {
  serialize: (value: string) => Buffer.from(value),
  deserialize: (bytes: Buffer) => String(bytes),
};
const definition: ServiceDefinition = {
  whoAmI: {
    path: PATH,
    requestStream: false,
    responseStream: false,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  },
};

let authority: TestAuthority;
let server: Server;
let address: string;
beforeAll(async () => {
  authority = await TestAuthority.make();
  await authority.issue("server", ["fleet://replica/1"]);
  const tls = loadTls(authority.files("server"));
  server = new Server(serverOptions);
  server.addService(definition, {
    whoAmI: (call: Parameters<typeof admitted>[0], answer: (error: Error | null, who?: string) => void) => {
      const caller = admitted(call, tls, anyIdentity);
      if (caller instanceof RpcError) answer(caller);
      else answer(null, formatIdentity(caller));
    },
  });
  address = await bindServer(server, "127.0.0.1:0", tls);
});
afterAll(async () => {
  server.forceShutdown();
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
