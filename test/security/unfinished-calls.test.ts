// Calls that their callers do not finish, at a real port: begun and left, reset at once, or kept waiting with all of their
// bytes. Each costs its caller's own budget and no one else's, and an administrator is answered meanwhile.

import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { rpcError } from "../../src/core/wire/rpc-error.ts";
import { limitsOf } from "../../src/core/wire/server/identity-limits.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { OVERHEAD } from "../../src/core/wire/server/overhead-bytes.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { UNFINISHED_BYTES_MAX } from "../../src/core/wire/server/unfinished-bytes.ts";
import type { Identity } from "../../src/core/wire/tls/identity.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { HEADERS, header } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { bytesMethod, bytesStream } from "./echo-service.ts";

const MEGABYTE = 1024 * 1024;
const WINDOW = 65_535;
const [ECHO, CHAT] = ["/test.Test/Echo", "/test.Test/Chat"];
const definition = { echo: bytesMethod(ECHO), chat: bytesStream(CHAT) };

let authority: TestAuthority;
let server: RpcServer;
let address: string;
let sessions: ClientHttp2Session[];
/** Of echoes: those under way, and what ends them. */
let running: number;
let runningMax: number;
let isSlow: boolean;
let finish: PromiseWithResolvers<void>;
/** Calls that wait at the gate, except an administrator's. */
let isClosed: boolean;
let waiting: ((isTaken: boolean) => void)[];

beforeEach(async () => {
  [sessions, running, runningMax, isSlow, isClosed, waiting] = [[], 0, 0, false, false, []];
  finish = Promise.withResolvers();
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin", "shard/s1", "operator/o1"])
    await authority.issue(who.replace("/", "-"), [`fleet://${who}`]);
  const gate = {
    arrive: ({ kind }: Identity) =>
      isClosed && kind !== "admin"
        ? new Promise<boolean>((resolve) => waiting.push(resolve))
        : (true as const),
    goOn: () => null,
    isPeer: () => false,
    refusal: () => rpcError(status.RESOURCE_EXHAUSTED, "OVERLOADED", ""),
  };
  server = new RpcServer({
    ...{ tls: loadTls(authority.files("replica-1")), errors: new InternalErrors("server", silentLog) },
    ...{ log: silentLog, options: serverOptions, gate },
    // It does not refill while the test runs.
    overhead: { ...OVERHEAD, perSecond: 1e-6 },
  });
  const rule = { allow: anyIdentity, bytesMax: 64 * MEGABYTE, fieldsMax: 64 * MEGABYTE };
  server.addService<never>(
    definition as never,
    {
      echo: async ({ request }: { request: Buffer }) => {
        running += 1;
        runningMax = Math.max(runningMax, running);
        if (isSlow) await finish.promise;
        running -= 1;
        return request;
      },
      chat: (call: NodeJS.ReadableStream) => void call.on("data", () => undefined),
    } as never,
    { echo: rule, chat: rule } as never,
  );
  address = await server.listen("127.0.0.1:0");
});
afterEach(async () => {
  finish.resolve();
  for (const session of sessions) session.destroy();
  await server.close();
  await authority.remove();
});

async function open(holder: string): Promise<ClientHttp2Session> {
  const { ca, cert, key } = loadTls(authority.files(holder));
  const session = connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
  sessions.push(session);
  session.on("error", () => undefined);
  await once(session, "remoteSettings");
  return session;
}

function begin(session: ClientHttp2Session, path: string, headers = {}): ClientHttp2Stream {
  const stream = session.request({ ...HEADERS, ":path": path, ...headers });
  stream.on("error", () => undefined);
  stream.resume();
  return stream;
}

/** The status, or the code of the reset. */
function ended(stream: ClientHttp2Stream): Promise<string> {
  return new Promise((resolve) => {
    const told = (headers: { readonly "grpc-status"?: unknown }) =>
      headers["grpc-status"] !== undefined && resolve(`status ${headers["grpc-status"]}`);
    stream.on("response", told).on("trailers", told);
    stream.on("close", () => resolve(`reset ${stream.rstCode}`));
  });
}

async function isAnswered(): Promise<boolean> {
  const stream = begin(await open("admin"), ECHO);
  stream.end(framed(Buffer.from("are you there")));
  return (await ended(stream)) === "status 0";
}

test("a shard that resets each call at once has no more handlers under way than calls", async () => {
  const limits = limitsOf("shard");
  isSlow = true;
  const all = await Promise.all(Array.from({ length: 12 }, () => open("shard-s1")));
  for (let round = 0; round < 4; round += 1) {
    const streams = all.flatMap((session) => Array.from({ length: 8 }, () => begin(session, ECHO)));
    for (const stream of streams) stream.end(framed(Buffer.from("work")));
    const before = running;
    await expect
      .poll(() => running >= Math.min(before + streams.length, limits?.callsAtOnce ?? 0), { timeout: 5_000 })
      .toBe(true);
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL);
    await Promise.all(streams.map((stream) => once(stream, "close")));
  }
  expect(runningMax).toBe(limits?.callsAtOnce);
  isSlow = false;
  expect(await isAnswered()).toBe(true);
  finish.resolve();
  await expect.poll(() => running).toBe(0);
});

test("messages that an operator begins on streams and leaves have bounded room, and later ones are refused", async () => {
  const session = await open("operator-o1");
  const streams = Array.from({ length: 40 }, () => begin(session, CHAT));
  const ends = streams.map(ended);
  for (const stream of streams) stream.write(Buffer.concat([header(MEGABYTE), Buffer.alloc(10)]));
  const isRefused = await Promise.all(
    ends.map((end) =>
      Promise.race([end, new Promise((resolve) => setTimeout(resolve, 1_000, "open").unref())]),
    ),
  );
  expect(isRefused.filter((end) => end === "open")).toHaveLength(UNFINISHED_BYTES_MAX / MEGABYTE);
  expect(new Set(isRefused)).toEqual(new Set(["open", `status ${status.RESOURCE_EXHAUSTED}`]));
  expect(await isAnswered()).toBe(true);
});

test("honest calls that wait with all of their bytes look like no flood, and are served whole", async () => {
  isClosed = true;
  const session = await open("operator-o1");
  const streams = Array.from({ length: 100 }, () => begin(session, ECHO));
  const ends = streams.map(ended);
  for (const stream of streams) stream.end(framed(Buffer.alloc(60_000)));
  await expect.poll(() => waiting.length, { timeout: 5_000 }).toBe(100);
  // Six megabytes have arrived, and the budget of frames without calls is one. It is looked at ten times a second.
  const looked = performance.now() + 500;
  await expect.poll(() => performance.now() > looked, { timeout: 2_000 }).toBe(true);
  expect(session.destroyed).toBe(false);
  isClosed = false;
  for (const resume of waiting) resume(true);
  expect(new Set(await Promise.all(ends))).toEqual(new Set(["status 0"]));
});

test("bytes that wait at the gate are bounded: the calls beyond end, and the others are served", {
  timeout: 90_000,
}, async () => {
  isClosed = true;
  const session = await open("operator-o1");
  const fits = Math.floor(UNFINISHED_BYTES_MAX / WINDOW);
  // What was on its way to those that end belongs to no call, and has a budget of a megabyte.
  const count = fits + 10;
  const streams = Array.from({ length: count }, () => begin(session, ECHO));
  const ends = streams.map(ended);
  // Whole windows that end no request.
  for (const stream of streams) stream.end(framed(Buffer.alloc(WINDOW - 5)));
  const reset = `reset ${constants.NGHTTP2_ENHANCE_YOUR_CALM}`;
  const seen = new Map<string, number>();
  for (const end of ends) void end.then((how) => seen.set(how, (seen.get(how) ?? 0) + 1));
  // What was reset had up to a window, so the last one may leave room for others.
  await expect.poll(() => seen.get(reset) ?? 0, { timeout: 40_000 }).toBeGreaterThanOrEqual(count - fits);
  expect(await isAnswered()).toBe(true);
  isClosed = false;
  for (const resume of waiting) resume(true);
  await Promise.all(ends);
  expect(seen.get("status 0")).toBeGreaterThan(fits - 10);
  expect([...seen.keys()].sort()).toEqual([reset, "status 0"]);
});

test("a request whose length is a lie ends alone", async () => {
  const session = await open("shard-s1");
  const message = framed(Buffer.from("abc"));
  const lies = [
    { "content-length": String(message.length + 1) },
    { "content-length": String(message.length - 1) },
    { "content-length": "0x8" },
  ].map((headers) => begin(session, ECHO, headers));
  const ends = lies.map(ended);
  for (const stream of lies) stream.end(message);
  expect(await Promise.all(ends)).toEqual(lies.map(() => `reset ${constants.NGHTTP2_PROTOCOL_ERROR}`));
  const honest = begin(session, ECHO, { "content-length": String(message.length) });
  honest.end(message);
  expect(await ended(honest)).toBe("status 0");
});
