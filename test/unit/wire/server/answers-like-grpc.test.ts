// We serve unary calls on Node's HTTP/2 streams, and their caller gets what it would get of grpc-js. Status, message,
// metadata and bytes are the same, however its request is cut into frames. What is no call is refused by both.

import { once } from "node:events";
import { type ClientHttp2Session, connect, type OutgoingHttpHeaders } from "node:http2";
import { Server, ServerCredentials, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { SeededPrng } from "../../../../src/core/base/prng.ts";
import { serverOptions } from "../../../../src/core/wire/channel-options.ts";
import {
  type CoordinatorServer,
  CoordinatorService,
  SubmitRequest,
  SubmitResponse,
} from "../../../../src/core/wire/gen/fleet/v1/coordinator.ts";
import { type RpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";
import { HEADERS, header } from "../../../integration/raw-call.ts";

const { submit } = CoordinatorService;
const BYTES_MAX = 100_000;
const CALLS = 150;
// Of all headers, those that say what became of the call. grpc-js sends a date, too.
const TOLD = [":status", "content-type", "grpc-status", "grpc-message", "grpc-status-details-bin"];

/** By the request's reason: an answer of so many characters, or an error with this text. */
async function method({ reason }: SubmitRequest): Promise<SubmitResponse> {
  const [what, number, text = ""] = reason.split(" ");
  if (what === "answer")
    return SubmitResponse.fromPartial({ index: 7, incarnation: "x".repeat(Number(number)) });
  throw rpcError(Number(number), "REASON_OF_IT", text, { who: text }, 250);
}

let ours: RpcServer;
let theirs: Server;
let sessions: readonly [ClientHttp2Session, ClientHttp2Session];
beforeAll(async () => {
  const errors = new InternalErrors("server", silentLog);
  ours = new RpcServer({ tls: "insecure-loopback", errors, log: silentLog, options: serverOptions });
  ours.addService<Pick<CoordinatorServer, "submit">>(
    { submit },
    { submit: ({ request }) => method(request) },
    { submit: { allow: anyIdentity, bytesMax: BYTES_MAX } },
  );
  theirs = new Server({ ...serverOptions, "grpc.max_receive_message_length": BYTES_MAX });
  theirs.addService({ submit } as never, {
    submit: (
      call: { request: SubmitRequest },
      answer: (error: RpcError | null, value?: SubmitResponse) => void,
    ) => {
      method(call.request).then(
        (value) => answer(null, value),
        (error: RpcError) => answer(error),
      );
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    const bound = (error: Error | null, at: number) => (error === null ? resolve(at) : reject(error));
    theirs.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), bound);
  });
  sessions = [connect(`http://${await ours.listen("127.0.0.1:0")}`), connect(`http://127.0.0.1:${port}`)];
});
afterAll(async () => {
  for (const session of sessions) session.destroy();
  theirs.forceShutdown();
  await ours.close();
});

interface Asked {
  readonly bytes: readonly Uint8Array[];
  readonly headers?: OutgoingHttpHeaders;
  /** Otherwise the request is broken off. */
  readonly ends?: boolean;
}

/** What the caller is told, in order; a stream that is reset has no status. */
async function ask(session: ClientHttp2Session, { bytes, headers, ends = true }: Asked) {
  const stream = session.request({ ...HEADERS, ":path": submit.path, ...headers });
  stream.on("error", () => undefined);
  const told: Record<string, unknown> = {};
  const note = (seen: Record<string, unknown>) => {
    for (const key of TOLD) if (seen[key] !== undefined) told[key] = seen[key];
  };
  stream.on("response", note);
  stream.on("trailers", note);
  const body: Buffer[] = [];
  stream.on("data", (chunk: Buffer) => body.push(chunk));
  const closed = once(stream, "close");
  for (const chunk of bytes) {
    if (stream.closed) break;
    // Each in a frame of its own.
    await new Promise((written) => stream.write(chunk, written));
  }
  if (ends) stream.end();
  else stream.close(8);
  await closed;
  // In words as well, as grpc-js says it.
  if (told["grpc-message"] === "OK") delete told["grpc-message"];
  return { ...told, body: Buffer.concat(body).toString("base64") };
}

const both = (asked: Asked) => Promise.all(sessions.map((session) => ask(session, asked)));

const message = (reason: string) => SubmitRequest.encode(SubmitRequest.fromPartial({ reason })).finish();

/** The same bytes in pieces, some of them empty. */
function cut(bytes: Buffer, random: SeededPrng): Buffer[] {
  const places = Array.from({ length: random.below(6) }, () => random.below(bytes.length + 1));
  const edges = [0, ...places.sort((left, right) => left - right), bytes.length];
  return edges.slice(1).map((edge, at) => bytes.subarray(edges[at], edge));
}

const TEXTS = ["", "plain", "100%", "zwölf,€,𝄞", "a%20b", "new\nline", "\u0007bell", 'q"uote\\'];

test("the same status, message, details and bytes as grpc-js", async () => {
  const random = new SeededPrng(2026);
  for (let call = 0; call < CALLS; call += 1) {
    const text = TEXTS[random.below(TEXTS.length)]?.replaceAll(" ", "_") ?? "";
    const isAnswer = random.below(2) === 0;
    const what = isAnswer
      ? `answer ${[0, 1, 40, 16_384, 70_000][random.below(5)]}`
      : `fail ${1 + random.below(16)} ${text}`;
    const padding = "y".repeat([0, 0, 10, 60_000][random.below(4)] ?? 0);
    const headers = random.below(2) === 0 ? {} : { "grpc-timeout": "20S", "x-more": "1" };
    const asked = { bytes: cut(framed(message(`${what} ${padding}`.trimEnd())), random), headers };
    const [mine, libraries] = await both(asked);
    expect(mine, `call ${call}: ${what}`).toEqual(libraries);
    expect(mine).toMatchObject({
      ":status": 200,
      "grpc-status": isAnswer ? "0" : expect.stringMatching(/^[1-9]/),
    });
  }
});

const WELL = framed(message("answer 1"));

test.each<{ what: string; asked: Asked; code: number | null }>([
  { what: "no message", asked: { bytes: [] }, code: status.INVALID_ARGUMENT },
  { what: "half a header", asked: { bytes: [header(3).subarray(0, 4)] }, code: status.INVALID_ARGUMENT },
  { what: "half a message", asked: { bytes: [WELL.subarray(0, -1)] }, code: status.INVALID_ARGUMENT },
  { what: "two messages", asked: { bytes: [WELL, WELL] }, code: status.INVALID_ARGUMENT },
  { what: "no protobuf", asked: { bytes: [framed(Buffer.alloc(9, 255))] }, code: status.INVALID_ARGUMENT },
  { what: "too large", asked: { bytes: [header(BYTES_MAX + 1)] }, code: status.RESOURCE_EXHAUSTED },
  {
    what: "a length of four gigabytes",
    asked: { bytes: [Buffer.from([0, 255, 255, 255, 255])] },
    code: status.RESOURCE_EXHAUSTED,
  },
  {
    what: "a timeout that is none",
    asked: { bytes: [WELL], headers: { "grpc-timeout": "soon" } },
    code: status.INVALID_ARGUMENT,
  },
  { what: "broken off", asked: { bytes: [WELL.subarray(0, 6)], ends: false }, code: null },
])("$what is no call for either", async ({ asked, code }) => {
  const [mine, libraries] = await both(asked);
  expect(mine?.["grpc-status" as keyof typeof mine]).toBe(code === null ? undefined : String(code));
  for (const told of [mine, libraries]) {
    expect(told).not.toMatchObject({ "grpc-status": "0" });
    expect(told?.body).toBe("");
  }
  // The connection and its other calls are as they were.
  const [next, other] = await both({ bytes: [WELL] });
  expect(next).toEqual(other);
  expect(next).toMatchObject({ "grpc-status": "0" });
});

// grpc-js would take both.
test.each([
  { what: "a compressed message", bytes: Buffer.from([1, ...WELL.subarray(1)]), code: status.UNIMPLEMENTED },
  { what: "a message and one byte", bytes: Buffer.from([...WELL, 0]), code: status.INVALID_ARGUMENT },
])("$what is refused", async ({ bytes, code }) => {
  expect(await ask(sessions[0], { bytes: [bytes] })).toMatchObject({ "grpc-status": String(code) });
});

test.each(["text/plain", "application/json"])("%s is no gRPC for either", async (type) => {
  const [mine, libraries] = await both({ bytes: [WELL], headers: { "content-type": type } });
  expect(mine).toMatchObject({ ":status": 415, body: "" });
  expect(libraries).toMatchObject({ ":status": 415, body: "" });
});
