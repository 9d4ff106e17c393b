// Frames that begin no call, as fast as a port reads them. Each flood ends by its connection, which is counted, while
// another caller is answered. Node and its HTTP/2 library end most; those that they count nowhere end by the bytes that
// belong to no call (ADR-0043).

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import type { handleUnaryCall } from "@grpc/grpc-js";
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
import {
  ACK,
  callHeaders,
  END_HEADERS,
  END_STREAM,
  FRAMES,
  field,
  flood,
  frame,
  LAST_FIELD,
  number,
  openRaw,
  PADDED,
  times,
} from "./raw-frames.ts";

interface Echo {
  readonly echo: handleUnaryCall<Buffer, Buffer>;
}
const ECHO = "/test.Echo/Echo";
const CALL = callHeaders(ECHO);
const same = (bytes: Buffer) => bytes;
const codec = {
  ...{ requestSerialize: same, requestDeserialize: same },
  ...{ responseSerialize: same, responseDeserialize: same },
};
const definition = { echo: { path: ECHO, requestStream: false, responseStream: false, ...codec } } as const;

const BYTES_MAX = 32 * 1024 * 1024;
/** Numbers of streams that each write of a flood may use. */
const STREAMS_A_WRITE = 200;
const CANCEL = number(8);

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
  server.addService<Echo>(definition, { echo: async ({ request }) => request }, { echo: rule });
  address = await server.listen("127.0.0.1:0");
});
afterAll(async () => {
  await server.close();
  await authority.remove();
});

/** What a connection begins with, and what it sends again and again; `stream`: a new number each time. */
interface Flood {
  /** The caller has asked for the end: it is not counted. */
  readonly isFarewell?: true;
  readonly first?: Buffer;
  readonly again: Buffer | ((stream: number) => Buffer);
}

const call = (stream: number, headers = CALL) =>
  frame(FRAMES.headers, END_HEADERS | END_STREAM, stream, headers);
const open = frame(FRAMES.headers, END_HEADERS, 1, CALL);
const settings = Buffer.concat([Buffer.from([0, 4]), number(65_535)]);
const manyFields = (value: string, count: number) =>
  Buffer.concat([CALL, field("a", value, true), Buffer.alloc(count, LAST_FIELD)]);

const FLOODS: Readonly<Record<string, Flood>> = {
  PING: { again: times(500, frame(FRAMES.ping, 0, 0, Buffer.alloc(8))) },
  "answers to pings": { again: times(500, frame(FRAMES.ping, ACK, 0, Buffer.alloc(8))) },
  SETTINGS: { again: times(500, frame(FRAMES.settings, 0, 0)) },
  "SETTINGS with a value": { again: times(200, frame(FRAMES.settings, 0, 0, settings)) },
  "SETTINGS with thousands of values": { again: frame(FRAMES.settings, 0, 0, times(2_000, settings)) },
  PRIORITY: { again: times(500, frame(FRAMES.priority, 0, 9, Buffer.from([0, 0, 0, 1, 1]))) },
  "GOAWAY, which ends a connection": {
    isFarewell: true,
    again: times(500, frame(FRAMES.goaway, 0, 0, Buffer.alloc(8))),
  },
  ORIGIN: { again: times(500, frame(FRAMES.origin, 0, 0)) },
  "frames of no known type": { again: times(500, frame(FRAMES.unknown, 0, 0)) },
  "CONTINUATION, empty": {
    first: frame(FRAMES.headers, 0, 1, CALL),
    again: times(500, frame(FRAMES.continuation, 0, 1)),
  },
  "CONTINUATION, full": {
    first: frame(FRAMES.headers, 0, 1, CALL),
    again: frame(FRAMES.continuation, 0, 1, times(100, field("a", "b".repeat(100)))),
  },
  "WINDOW_UPDATE of the connection": { again: times(500, frame(FRAMES.window, 0, 0, number(1))) },
  "WINDOW_UPDATE of a stream": { first: open, again: times(500, frame(FRAMES.window, 0, 1, number(1))) },
  "empty DATA": { first: open, again: times(500, frame(FRAMES.data, 0, 1)) },
  "DATA of one byte": {
    first: Buffer.concat([open, frame(FRAMES.data, 0, 1, framed(Buffer.alloc(0)).subarray(0, 1))]),
    again: times(500, frame(FRAMES.data, 0, 1, Buffer.from([1]))),
  },
  "DATA that is padding": {
    first: open,
    again: times(100, frame(FRAMES.data, PADDED, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(255)]))),
  },
  "RST_STREAM of an ended stream": {
    first: Buffer.concat([call(1), frame(FRAMES.reset, 0, 1, CANCEL)]),
    again: times(500, frame(FRAMES.reset, 0, 1, CANCEL)),
  },
  "calls that are reset at once": {
    again: (stream) =>
      Buffer.concat(
        Array.from({ length: STREAMS_A_WRITE }, (_, at) => stream + 2 * at).flatMap((each) => [
          call(each),
          frame(FRAMES.reset, 0, each, CANCEL),
        ]),
      ),
  },
  "headers that HTTP/2 forbids": { again: (stream) => call(stream, field("UPPER", "x")) },
  "huge lists of headers": {
    again: (stream) => call(stream, Buffer.concat([CALL, times(180, field("a", "b".repeat(60)))])),
  },
  "thousands of small headers": { again: (stream) => call(stream, manyFields("", 3_000)) },
  "an HPACK bomb": { again: (stream) => call(stream, manyFields("x".repeat(3_900), 8_000)) },
};

const deniedCount = () => [...server.callers.denied.values()].reduce((sum, count) => sum + count, 0);

/** Each flood has a full budget. */
async function newShard(): Promise<TlsFiles> {
  shards += 1;
  await authority.issue(`s${shards}`, [`fleet://shard/s${shards}`]);
  return authority.files(`s${shards}`);
}

let shards = 0;

test.each(Object.keys(FLOODS))("a flood: %s", { timeout: 60_000 }, async (name) => {
  const { first = Buffer.alloc(0), again, isFarewell } = FLOODS[name] as Flood;
  const before = deniedCount();
  const socket = await openRaw(address, await newShard());
  socket.resume();
  socket.write(first);
  let stream = 1;
  const next = () => {
    stream += 2 * STREAMS_A_WRITE;
    return typeof again === "function" ? again(stream) : again;
  };
  const [isCut, isAnswered] = await Promise.all([flood(socket, next, BYTES_MAX), adminIsAnswered()]);
  expect({ isCut, isAnswered }).toEqual({ isCut: true, isAnswered: true });
  await expect.poll(deniedCount).toBe(before + (isFarewell ? 0 : 1));
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
