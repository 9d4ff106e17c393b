// More calls at once than Node should read in a pass of the event loop, over real connections: their sockets wait.

import { ChannelCredentials, Metadata } from "@grpc/grpc-js";
import { expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { assert } from "../../../../src/core/base/assert.ts";
import { silentLog } from "../../../../src/core/base/log.ts";
import { serverOptions } from "../../../../src/core/wire/channel-options.ts";
import {
  CoordinatorClient,
  type CoordinatorServer,
  CoordinatorService,
  SubmitRequest,
  SubmitResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../../../src/core/wire/rpc-error.ts";
import type { Gate } from "../../../../src/core/wire/server/call-door.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { PacedReading, READ_MS } from "../../../../src/core/wire/server/paced-reading.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";
import type { Tls } from "../../../../src/core/wire/tls/tls.ts";

const CALLS = 2_000;
const CONNECTIONS = 4;
const HEADER_BYTES = 1_000;
// What Node reads of a socket at once.
const READ_BYTES = 65_536;
const LIMIT_MS = 60_000;

interface Credentials {
  readonly tls: Tls;
  readonly client: ChannelCredentials;
}

const plaintext = async (): Promise<Credentials> => ({
  tls: "insecure-loopback",
  client: ChannelCredentials.createInsecure(),
});

async function overTls(): Promise<Credentials> {
  const authority = await createAuthority("test");
  const about = { commonName: "n1", uri: "fleet://replica/1", days: 1 };
  const { certificate, key } = await issueCertificate(authority, about);
  const [ca, cert, secret] = [authority.certificate, certificate, key].map((text) => Buffer.from(text));
  assert(ca !== undefined && cert !== undefined && secret !== undefined, "three were made");
  const check = { checkServerIdentity: () => undefined };
  return { tls: { ca, cert, key: secret }, client: ChannelCredentials.createSsl(ca, secret, cert, check) };
}

test.each([
  { over: "plaintext", credentialsOf: plaintext },
  { over: "TLS", credentialsOf: overTls },
])("a burst over $over is read in shares of a pass, and none of it is lost", async ({ credentialsOf }) => {
  const credentials = await credentialsOf();
  const waiting: ((isTaken: boolean) => void)[] = [];
  const { server, address } = await serve(credentials.tls, waiting);
  const own = { "grpc.use_local_subchannel_pool": 1, "grpc.ssl_target_name_override": "fleet.invalid" };
  const clients = Array.from(
    { length: CONNECTIONS },
    () => new CoordinatorClient(address, credentials.client, own),
  );
  const perPass = countPasses(waiting);
  const answers = Array.from({ length: CALLS }, (_, at) => call(clients[at % CONNECTIONS], at));
  await expect.poll(() => waiting.length, { timeout: LIMIT_MS }).toBe(CALLS);
  const most = perPass();
  for (const begin of waiting) begin(true);
  expect(await Promise.all(answers)).toEqual(answers.map(() => null));
  for (const client of clients) client.close();
  await server.close();
  // A pass's share, and what Node had begun to read of the last connection; this test's passes may be two of the server's.
  expect(most).toBeLessThanOrEqual(2 * (READ_MS + READ_BYTES / HEADER_BYTES));
});

/** Each call takes 1 ms, by the clock of pacing, and waits until it may begin. */
async function serve(tls: Tls, waiting: ((isTaken: boolean) => void)[]) {
  let nowMs = 0;
  const gate: Gate = {
    arrive: () => {
      nowMs += 1;
      return new Promise((resolve) => waiting.push(resolve));
    },
    goOn: async () => undefined,
    isPeer: ({ kind }) => kind === "replica",
    refusal: () => rpcError(8, "OVERLOADED", "nothing is refused here"),
  };
  const reading = new PacedReading({ now: () => nowMs, nextPass: (run) => void setImmediate(run) });
  const errors = new InternalErrors("server", silentLog);
  const server = new RpcServer({ tls, errors, log: silentLog, options: serverOptions, gate, reading });
  const { submit } = CoordinatorService;
  const implementation = { submit: async () => SubmitResponse.create() };
  const rules = { submit: { allow: anyIdentity, bytesMax: 100 } };
  server.addService<Pick<CoordinatorServer, "submit">>({ submit }, implementation, rules);
  return { server, address: await server.listen("127.0.0.1:0") };
}

function call(client: CoordinatorClient | undefined, number: number): Promise<unknown> {
  const metadata = new Metadata();
  // Another one in each call, since a header that was sent before takes a byte; and of what HTTP/2 can't shorten.
  metadata.set("filler", number + "~".repeat(HEADER_BYTES));
  return new Promise((resolve) => client?.submit(SubmitRequest.create(), metadata, resolve));
}

/** Call what it returns for how many came at most in a pass. */
function countPasses(waiting: readonly unknown[]): () => number {
  let most = 0;
  let isOver = false;
  const look = (before: number) => {
    most = Math.max(most, waiting.length - before);
    if (!isOver) setImmediate(look, waiting.length);
  };
  setImmediate(look, 0);
  return () => {
    isOver = true;
    return most;
  };
}
