// Reflection's own thread: it begins with the first question, is one for all conversations, answers in order and ends when
// it was asked nothing for a while; bytes that are no question are refused, and it goes on for others.

import { fileURLToPath } from "node:url";
import type { Worker } from "node:worker_threads";
import { Client, credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readRpcError } from "../../../../src/core/wire/rpc-error.ts";
import { addReflection } from "../../../../src/core/wire/server/reflection.ts";

const PATH = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
// ServerReflectionRequest (reflection.proto): field 3 file_by_filename, field 7 list_services.
const LIST = Buffer.from([0x3a, 0x00]);
const UNKNOWN_FILE = Buffer.from([0x1a, 0x01, 0x78]);
// Of a wire type that there is not.
const NONSENSE = Buffer.from([0x0f]);

const folder = fileURLToPath(new URL("../../../../proto", import.meta.url));
const served = { folder, files: ["fleet/v1/raft.proto"], services: ["fleet.v1.Raft"] };

let server: Server;
let client: Client;
/** Whether each thread that was begun has ended. */
let threads: { hasEnded: boolean }[];

beforeEach(() => {
  threads = [];
  process.on("worker", note);
});
afterEach(() => {
  process.off("worker", note);
  client.close();
  server.forceShutdown();
});

function note(worker: Worker): void {
  const thread = { hasEnded: false };
  threads.push(thread);
  worker.once("exit", () => {
    thread.hasEnded = true;
  });
}

async function serve(idleMs?: number): Promise<void> {
  server = new Server();
  addReflection(server, served, idleMs);
  const port = await new Promise<number>((resolve, reject) => {
    const listening = (error: Error | null, bound: number) => (error ? reject(error) : resolve(bound));
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), listening);
  });
  client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** What is answered to the questions of one call, as text, and how the call ends. */
async function ask(...questions: readonly Buffer[]): Promise<{ answers: string[]; reason: string | null }> {
  const same = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(PATH, same, same);
  const answers: string[] = [];
  const ended = new Promise<string | null>((resolve) => {
    call.on("data", (answer: Buffer) => answers.push(answer.toString("latin1")));
    call.on("error", (error) => resolve(readRpcError(error).reason));
    call.on("end", () => resolve(null));
  });
  for (const question of questions) call.write(question);
  call.end();
  return { reason: await ended, answers };
}

test("the questions of a call are answered in order, by both calls of a moment", async () => {
  await serve();
  const both = await Promise.all([ask(LIST, UNKNOWN_FILE, LIST), ask(UNKNOWN_FILE, LIST)]);
  const listed = expect.stringContaining("fleet.v1.Raft");
  const unknown = expect.stringContaining("Proto file not found");
  expect(both).toEqual([
    { reason: null, answers: [listed, unknown, listed] },
    { reason: null, answers: [unknown, listed] },
  ]);
});

test("bytes that are no question are refused, and others answered", async () => {
  await serve();
  expect(await ask(NONSENSE)).toEqual({ reason: "REQUEST_UNREADABLE", answers: [] });
  expect(await ask(LIST)).toMatchObject({ reason: null });
});

test("no thread before the first question, and one for all conversations after it", async () => {
  await serve();
  expect(await ask()).toEqual({ reason: null, answers: [] });
  expect(threads).toEqual([]);
  await ask(LIST);
  await Promise.all(Array.from({ length: 20 }, () => ask(LIST)));
  await ask(UNKNOWN_FILE);
  expect(threads).toEqual([{ hasEnded: false }]);
});

test("a thread that is asked nothing ends, whoever still listens; the next question has another", async () => {
  await serve(1);
  const same = (bytes: Buffer) => bytes;
  const call = client.makeBidiStreamRequest(PATH, same, same);
  const over = new Promise((resolve) => call.once("end", resolve));
  for (const ended of [1, 2]) {
    const answered = new Promise((resolve) => call.once("data", resolve));
    call.write(LIST);
    expect(String(await answered)).toContain("fleet.v1.Raft");
    await expect.poll(() => threads).toEqual(Array.from({ length: ended }, () => ({ hasEnded: true })));
  }
  call.end();
  await over;
});
