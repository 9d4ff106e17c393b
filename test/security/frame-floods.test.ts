// Frames that begin no call, as fast as a port reads them. Each flood ends by its connection, which is counted, while
// another caller is answered. Node and its HTTP/2 library end most; those that they count nowhere end by the bytes that
// belong to no call (ADR-0043).

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { rpcError } from "../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { OVERHEAD } from "../../src/core/wire/server/overhead-bytes.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import type { Identity } from "../../src/core/wire/tls/identity.ts";
import { loadTls, type TlsFiles } from "../../src/core/wire/tls/tls.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { addEcho, ECHO } from "./echo-service.ts";
import { type Flood, floodsOf, play } from "./floods.ts";
import { openRaw } from "./raw-frames.ts";

const BYTES_MAX = 32 * 1024 * 1024;

let authority: TestAuthority;
let server: RpcServer;
let address: string;

beforeAll(async () => {
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin"]) await authority.issue(who.replace("/", "-"), [`fleet://${who}`]);
  const errors = new InternalErrors("server", silentLog);
  const tls = loadTls(authority.files("replica-1"));
  const gate = {
    arrive: () => true as const,
    goOn: () => null,
    isPeer: ({ kind }: Identity) => kind === "replica",
    refusal: () => rpcError(8, "OVERLOADED", ""),
  };
  // It does not refill while the test runs: how fast the flood is makes no difference.
  const overhead = { ...OVERHEAD, perSecond: 1e-6 };
  server = new RpcServer({ tls, errors, log: silentLog, options: serverOptions, gate, overhead });
  const rule = { allow: anyIdentity, bytesMax: BYTES_MAX, fieldsMax: BYTES_MAX };
  addEcho(server, rule);
  address = await server.listen("127.0.0.1:0");
});
afterAll(async () => {
  await server.close();
  await authority.remove();
});

const FLOODS = floodsOf(ECHO);

const deniedCount = () => [...server.callers.denied.values()].reduce((sum, count) => sum + count, 0);

/** Each flood has a full budget. */
async function newShard(): Promise<TlsFiles> {
  shards += 1;
  await authority.issue(`s${shards}`, [`fleet://shard/s${shards}`]);
  return authority.files(`s${shards}`);
}

let shards = 0;

test.each(Object.keys(FLOODS))("a flood: %s", { timeout: 60_000 }, async (name) => {
  const each = FLOODS[name] as Flood;
  const before = deniedCount();
  const socket = await openRaw(address, loadTls(await newShard()));
  const [isCut, isAnswered] = await Promise.all([play(socket, each, BYTES_MAX), adminIsAnswered()]);
  expect({ isCut, isAnswered }).toEqual({ isCut: true, isAnswered: true });
  await expect.poll(deniedCount).toBe(before + (each.isFarewell ? 0 : 1));
});

test("a caller with many small calls, large requests and large answers is not cut", async () => {
  const before = deniedCount();
  const session = sessionOf(await newShard());
  try {
    const large = Buffer.alloc(4 * 1024 * 1024);
    for (let round = 0; round < 3; round += 1) expect(await ask(session, large)).toBe("0");
    for (let round = 0; round < 50; round += 1) expect(await ask(session)).toBe("0");
    session.ping(() => undefined);
    // Longer than until the next look at what it sent.
    await new Promise((resume) => setTimeout(resume, 300));
    expect(await ask(session)).toBe("0");
  } finally {
    session.close();
  }
  expect(deniedCount()).toBe(before);
});

function sessionOf(files: TlsFiles): ClientHttp2Session {
  const { ca, cert, key } = loadTls(files);
  return connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
}

/** The status of an answer. */
async function ask(session: ClientHttp2Session, message = Buffer.from("hello")): Promise<unknown> {
  const head = { ":method": "POST", te: "trailers", "content-type": "application/grpc+proto" };
  const stream = session.request({ ...head, ":path": ECHO });
  stream.resume();
  stream.end(framed(message));
  const headers: Record<string, unknown> = {};
  for (const event of ["response", "trailers"]) stream.on(event, (some) => Object.assign(headers, some));
  await once(stream, "close");
  return headers["grpc-status"];
}

async function adminIsAnswered(): Promise<boolean> {
  const session = sessionOf(authority.files("admin"));
  try {
    return (await ask(session)) === "0";
  } finally {
    session.close();
  }
}
