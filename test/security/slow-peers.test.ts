// Callers with a certificate that begin something and never continue. They send no preface, no answer to a ping,
// headers without an end, or never read their answers. Each loses its connection, and another caller is answered
// meanwhile (issue 11). What is silent before the end of its handshake is in connections.test.ts, the metrics port in
// unit/metrics/metrics-server.test.ts.

import { connect as connectHttp2 } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { agentStreams, serverOptions, sparseKeepalive } from "../../src/core/wire/channel-options.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { raw } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { addEcho, ECHO } from "./echo-service.ts";
import { SLOW, type Slow } from "./slow-callers.ts";

// As every port has them, ten times as fast.
const KEEPALIVE = { "grpc.keepalive_time_ms": 200, "grpc.keepalive_timeout_ms": 200 };

let authority: TestAuthority;
let server: RpcServer;
let address: string;

beforeAll(async () => {
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin", "shard/s1"])
    await authority.issue(who.replace("/", "-"), [`fleet://${who}`]);
  const errors = new InternalErrors("server", silentLog);
  const tls = loadTls(authority.files("replica-1"));
  server = new RpcServer({ tls, errors, log: silentLog, options: { ...serverOptions, ...KEEPALIVE } });
  addEcho(server, { allow: anyIdentity, bytesMax: 100 });
  address = await server.listen("127.0.0.1:0");
});
afterAll(async () => {
  await server.close();
  await authority.remove();
});

test.each(Object.keys(SLOW))("%s ends the connection, and an administrator is answered", async (name) => {
  const socket = await (SLOW[name] as Slow)(loadTls(authority.files("shard-s1")), address, ECHO);
  const isCut = new Promise<true>((resolve) => socket.once("close", () => resolve(true)));
  // What a caller does not read does not hide the end of its connection from it.
  const timer = setTimeout(() => socket.resume(), 3_000);
  if (!socket.isPaused()) socket.resume();
  const { ca, cert, key } = loadTls(authority.files("admin"));
  const tls = { ca, cert, key, checkServerIdentity: () => undefined };
  const session = connectHttp2(`https://${address}`, tls);
  try {
    const answer = await raw({ session, path: ECHO, bytes: [framed(Buffer.from("hello"))] });
    expect(answer).toMatchObject({ code: 0 });
  } finally {
    session.close();
  }
  expect(await isCut).toBe(true);
  clearTimeout(timer);
});

test("every port has a time within which a ping must be answered", () => {
  for (const options of [serverOptions, { ...serverOptions, ...agentStreams, ...sparseKeepalive }]) {
    const wait = Number(options["grpc.keepalive_time_ms"]) + Number(options["grpc.keepalive_timeout_ms"]);
    expect(wait).toBeLessThanOrEqual(15_000);
  }
});
