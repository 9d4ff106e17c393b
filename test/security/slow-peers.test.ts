// Callers with a certificate that begin something and never continue: no preface, no answer to a ping, headers without an end,
// or answers that they never read. Each loses its connection, and another caller is answered meanwhile (issue 11). What is
// silent before the end of its handshake is in connections.test.ts, the metrics port in unit/metrics/metrics-server.test.ts.

import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect, type TLSSocket } from "node:tls";
import type { handleUnaryCall } from "@grpc/grpc-js";
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
import { callHeaders, END_HEADERS, FRAMES, frame, openRaw, times } from "./raw-frames.ts";

interface Echo {
  readonly echo: handleUnaryCall<Buffer, Buffer>;
}
const PATH = "/test.Echo/Echo";
const same = (bytes: Buffer) => bytes;
const codec = {
  ...{ requestSerialize: same, requestDeserialize: same },
  ...{ responseSerialize: same, responseDeserialize: same },
};
const definition = { echo: { path: PATH, requestStream: false, responseStream: false, ...codec } } as const;

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
  const rules = { echo: { allow: anyIdentity, bytesMax: 100 } };
  server.addService<Echo>(definition, { echo: async ({ request }) => request }, rules);
  address = await server.listen("127.0.0.1:0");
});
afterAll(async () => {
  await server.close();
  await authority.remove();
});

const files = () => authority.files("shard-s1");

/** TLS alone: HTTP/2 has not begun. */
async function openTls(): Promise<TLSSocket> {
  const { cert, key } = loadTls(files());
  const [host, port] = address.split(":");
  const tls = { host, port: Number(port), cert, key, ALPNProtocols: ["h2"], rejectUnauthorized: false };
  const socket = connect(tls);
  await once(socket, "secureConnect");
  socket.on("error", () => undefined);
  return socket;
}

async function after(...frames: readonly Buffer[]): Promise<TLSSocket> {
  const socket = await openRaw(address, files());
  for (const each of frames) socket.write(each);
  return socket;
}

/** Reads nothing, so that the answers stay with the server. */
async function deaf(again: Buffer): Promise<TLSSocket> {
  const socket = await openRaw(address, files());
  socket.pause();
  const timer = setInterval(() => socket.writable && socket.writableLength === 0 && socket.write(again), 1);
  socket.once("close", () => clearInterval(timer));
  return socket;
}

const SLOW: Readonly<Record<string, () => Promise<TLSSocket>>> = {
  "TLS, and no HTTP/2": openTls,
  "half of HTTP/2's preface": async () => {
    const socket = await openTls();
    socket.write("PRI * HTTP/2.0\r\n");
    return socket;
  },
  "no answer to a ping": () => after(),
  "half of a frame's head": () => after(Buffer.from([0, 0, 1])),
  "headers that never end": () => after(frame(FRAMES.headers, 0, 1, callHeaders(PATH))),
  "headers of which a byte comes now and then": async () => {
    const socket = await after(frame(FRAMES.headers, 0, 1, callHeaders(PATH)).subarray(0, 9));
    const timer = setInterval(() => socket.writable && socket.write(Buffer.from([0])), 50);
    socket.once("close", () => clearInterval(timer));
    return socket;
  },
  "a call whose request never ends": () =>
    after(
      frame(FRAMES.headers, END_HEADERS, 1, callHeaders(PATH)),
      frame(FRAMES.data, 0, 1, Buffer.alloc(2)),
    ),
  "pings whose answers are not read": () => deaf(times(500, frame(FRAMES.ping, 0, 0, Buffer.alloc(8)))),
  "settings whose answers are not read": () => deaf(times(500, frame(FRAMES.settings, 0, 0))),
};

test.each(Object.keys(SLOW))("%s ends the connection, and an administrator is answered", async (name) => {
  const socket = await (SLOW[name] as () => Promise<TLSSocket>)();
  const isCut = new Promise<true>((resolve) => socket.once("close", () => resolve(true)));
  // What a caller does not read does not hide the end of its connection from it.
  const timer = setTimeout(() => socket.resume(), 3_000);
  if (!socket.isPaused()) socket.resume();
  const { ca, cert, key } = loadTls(authority.files("admin"));
  const tls = { ca, cert, key, checkServerIdentity: () => undefined };
  const session = connectHttp2(`https://${address}`, tls);
  try {
    const answer = await raw({ session, path: PATH, bytes: [framed(Buffer.from("hello"))] });
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
