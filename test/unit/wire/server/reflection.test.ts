// Reflection answers from the descriptor set of the build. It answers requests of a call in order, sends files with
// all that they import, and shows nothing that the process does not serve. Requests beyond the caller's budget are
// refused.

import { Client, credentials } from "@grpc/grpc-js";
import { afterEach, expect, test } from "vitest";
import { silentLog } from "../../../../src/core/base/log.ts";
import { serverOptions } from "../../../../src/core/wire/channel-options.ts";
import {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from "../../../../src/core/wire/gen/grpc/reflection/v1/reflection.ts";
import { readRpcError, rpcError } from "../../../../src/core/wire/rpc-error.ts";
import { readDescriptorSet } from "../../../../src/core/wire/server/descriptor-set.ts";
import { InternalErrors } from "../../../../src/core/wire/server/internal-errors.ts";
import { anyIdentity, QUESTION_BYTES_MAX } from "../../../../src/core/wire/server/method-rules.ts";
import { addReflection } from "../../../../src/core/wire/server/reflection.ts";
import { RpcServer } from "../../../../src/core/wire/server/rpc-server.ts";

type Question = NonNullable<ServerReflectionRequest["messageRequest"]>;

const V1 = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
const V1ALPHA = V1.replace("v1", "v1alpha");
const RULE = { allow: anyIdentity, bytesMax: QUESTION_BYTES_MAX };
const SERVED = { files: ["fleet/v1/raft.proto"], services: ["fleet.v1.Raft"] };
const REQUESTS_MAX = 100;

const LIST = asked({ $case: "listServices", value: "" });
const UNKNOWN_FILE = asked({ $case: "fileByFilename", value: "x" });
// Of a wire type that there is not.
const NONSENSE = Buffer.from([0x0f]);

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

function asked(messageRequest: Question): Buffer {
  return Buffer.from(ServerReflectionRequest.encode({ host: "", messageRequest }).finish());
}

async function serve(): Promise<Client> {
  const errors = new InternalErrors("coordinator n1", silentLog);
  const server = new RpcServer({ tls: "insecure-loopback", errors, log: silentLog, options: serverOptions });
  let counted = 0;
  addReflection(server, SERVED, RULE, () => {
    counted += 1;
    return counted > REQUESTS_MAX ? rpcError(8, "TOO_MANY_CALLS", "wait") : null;
  });
  const client = new Client(await server.listen("127.0.0.1:0"), credentials.createInsecure());
  closing.push(async () => {
    client.close();
    await server.close();
  });
  return client;
}

/** The answers to the questions of one call, and how the call ends. */
async function ask(client: Client, questions: readonly Buffer[], path = V1) {
  const same = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(path, same, same);
  const answers: ServerReflectionResponse["messageResponse"][] = [];
  const ended = new Promise<string | null>((resolve) => {
    call.on("data", (answer: Buffer) =>
      answers.push(ServerReflectionResponse.decode(answer).messageResponse),
    );
    call.on("error", (error) => resolve(readRpcError(error).reason));
    call.on("end", () => resolve(null));
  });
  for (const question of questions) call.write(question);
  call.end();
  return { reason: await ended, answers };
}

const listed = { $case: "listServicesResponse", value: { service: [{ name: "fleet.v1.Raft" }] } };
const refused = (errorCode: number, errorMessage: unknown = expect.any(String)) => ({
  $case: "errorResponse",
  value: { errorCode, errorMessage },
});

test.each([V1, V1ALPHA])("%s answers the requests of a call in order", async (path) => {
  const client = await serve();
  const { answers, reason } = await ask(client, [LIST, UNKNOWN_FILE, LIST], path);
  expect({ answers, reason }).toEqual({
    reason: null,
    answers: [listed, refused(5, "the contract has no file x"), listed],
  });
});

test("bytes that are no request are refused, and others answered", async () => {
  const client = await serve();
  expect(await ask(client, [NONSENSE])).toEqual({ reason: "REQUEST_UNREADABLE", answers: [] });
  expect(await ask(client, [LIST])).toMatchObject({ reason: null });
});

test("requests beyond the caller's budget are refused", async () => {
  const client = await serve();
  const { reason, answers } = await ask(
    client,
    Array.from({ length: REQUESTS_MAX + 1 }, () => LIST),
  );
  expect({ reason, answers: answers.length }).toEqual({ reason: "TOO_MANY_CALLS", answers: REQUESTS_MAX });
});

test.each([
  { symbol: "fleet.v1.Raft", why: "a service" },
  { symbol: "fleet.v1.Raft.Exchange", why: "a method" },
  { symbol: "fleet.v1.RaftFrame", why: "a message" },
  { symbol: "fleet.v1.ForwardKeysRequest.cluster_id", why: "a field" },
  { symbol: "fleet.v1.RAFT_ENTRY_TYPE_NORMAL", why: "an enum's value, which stands beside its enum" },
])("$why leads to the file that declares it, and to what that imports", async ({ symbol }) => {
  const client = await serve();
  const { answers } = await ask(client, [asked({ $case: "fileContainingSymbol", value: symbol })]);
  const [answer] = answers;
  if (answer?.$case !== "fileDescriptorResponse") expect.fail(`answered ${JSON.stringify(answer)}`);
  const files = answer.value.fileDescriptorProto.flatMap((bytes) =>
    readDescriptorSet(Buffer.concat([Buffer.from([0x0a]), varint(bytes.length), bytes])),
  );
  const names = files.map(({ name }) => name);
  expect(names[0]).toBe("fleet/v1/raft.proto");
  expect(names).toEqual(expect.arrayContaining(files.flatMap(({ imports }) => imports)));
  expect(new Set(names).size).toBe(names.length);
});

test.each([
  { question: { $case: "fileContainingSymbol", value: "fleet.v1.Shard" }, why: "another process serves it" },
  { question: { $case: "fileByFilename", value: "fleet/v1/shard.proto" }, why: "another process serves it" },
  { question: { $case: "allExtensionNumbersOfType", value: "fleet.v1.Raft" }, why: "no extensions" },
] as const)("$question is not found: $why", async ({ question }) => {
  const client = await serve();
  expect(await ask(client, [asked(question)])).toEqual({ reason: null, answers: [refused(5)] });
});

test("a request that names nothing is of an unknown kind", async () => {
  const client = await serve();
  expect(await ask(client, [Buffer.alloc(0)])).toEqual({ reason: null, answers: [refused(12)] });
});

function varint(value: number): Buffer {
  return value < 0x80
    ? Buffer.from([value])
    : Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(value >>> 7)]);
}
