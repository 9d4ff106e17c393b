// One identity's storm at a real port, over many connections: it gets its own share, and takes nothing from others. Nothing here
// depends on time: rates refill in days, and calls begin when the test says so.

import { once } from "node:events";
import { type ClientHttp2Session, connect, type Settings } from "node:http2";
import type { handleBidiStreamingCall } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { FairLines } from "../../src/core/coordinator/calls/fair-lines.ts";
import { MESSAGE_BYTES_MAX, serverOptions } from "../../src/core/wire/channel-options.ts";
import { RpcError, readRpcError, rpcError } from "../../src/core/wire/rpc-error.ts";
import { type IdentityLimits, limitsOf } from "../../src/core/wire/server/identity-limits.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { UNREAD_BYTES_MAX } from "../../src/core/wire/server/unread-answers.ts";
import { formatIdentity, type Identity } from "../../src/core/wire/tls/identity.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { type BytesCall, bytesMethod, bytesStream, ECHO } from "./echo-service.ts";

interface Echo {
  readonly echo: BytesCall;
  readonly sink: handleBidiStreamingCall<Buffer, Buffer>;
}
const SINK = "/test.Echo/Sink";
/** Asks for an answer that no client takes. */
const LARGE = Buffer.from("large");
/** Asks for an answer of which an identity may leave four unread. */
const PAGE = Buffer.from("page");
const definition = { echo: bytesMethod(ECHO), sink: bytesStream(SINK) };

/** So slow that no test waits for it. */
const SELDOM = 1e-6;
const LIMITS: IdentityLimits = {
  connections: 64,
  callsAtOnce: 20,
  calls: { burst: 30, perSecond: SELDOM },
  bytes: { burst: 50_000, perSecond: SELDOM },
};

let authority: TestAuthority;
let server: RpcServer;
let address: string;
let sessions: ClientHttp2Session[];
let lines: { readonly fact: string; readonly fields: Readonly<Record<string, unknown>> }[];
let waiting: FairLines;
let begun: string[];
/** Calls wait until the test lets them begin. */
let waits: boolean;

beforeEach(async () => {
  [sessions, lines, begun, waits] = [[], [], [], false];
  waiting = new FairLines(1_000);
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin", "shard/s1", "shard/s2", "cluster/c1"])
    await authority.issue(who.replace("/", "-"), [`fleet://${who}`]);
});
afterEach(async () => {
  for (const session of sessions) session.destroy();
  await server.close();
  await authority.remove();
});

async function serve(limits?: (kind: Identity["kind"]) => IdentityLimits | null): Promise<void> {
  const note = (fact: string, fields?: object) => lines.push({ fact, fields: { ...fields } });
  const gate = {
    arrive: async (identity: Identity) => {
      const name = formatIdentity(identity);
      if (waits) await new Promise<boolean>((resume) => waiting.add(name, { sinceMs: 0, resume }));
      begun.push(name);
      return true;
    },
    goOn: async () => undefined,
    isPeer: ({ kind }: Identity) => kind === "replica",
    refusal: () => rpcError(8, "OVERLOADED", ""),
  };
  const errors = new InternalErrors("server", silentLog);
  const tls = loadTls(authority.files("replica-1"));
  const log = { ...silentLog, warn: note, info: note, debug: note };
  const more = limits === undefined ? {} : { limitsOf: limits };
  server = new RpcServer({ tls, errors, log, options: serverOptions, gate, ...more });
  server.addService<Echo>(
    definition,
    {
      echo: async ({ request }) => {
        if (request.equals(PAGE)) return Buffer.alloc(UNREAD_BYTES_MAX / 4);
        return request.equals(LARGE) ? Buffer.alloc(MESSAGE_BYTES_MAX + 1) : request;
      },
      sink: (call) => {
        call.on("data", () => undefined);
        call.on("end", () => call.end());
      },
    },
    { echo: { allow: anyIdentity, bytesMax: 100_000 }, sink: { allow: anyIdentity, bytesMax: 100_000 } },
  );
  address = await server.listen("127.0.0.1:0");
}

const limited = (kind: Identity["kind"]) => (limitsOf(kind) === null ? null : LIMITS);

function session(who: string, settings: Settings = {}): ClientHttp2Session {
  const { ca, cert, key } = loadTls(authority.files(who));
  const made = connect(`https://${address}`, {
    ...{ ca, cert, key, settings },
    checkServerIdentity: () => undefined,
  });
  made.on("error", () => undefined);
  sessions.push(made);
  return made;
}

/** "ok", or the reason; chunk by chunk, each a message. */
async function ask(on: ClientHttp2Session, path = ECHO, messages = [Buffer.from("hello")]): Promise<string> {
  const head = { ":method": "POST", te: "trailers", "content-type": "application/grpc+proto" };
  const stream = on.request({ ...head, ":path": path });
  const told = new Promise<object>((resolve) => {
    stream.on("response", (first) => first["grpc-status"] !== undefined && resolve(first));
    stream.on("trailers", resolve);
    stream.on("close", () => resolve({}));
    stream.on("error", () => resolve({}));
  });
  stream.resume();
  for (const message of messages) stream.write(framed(message));
  stream.end();
  const { "grpc-status": code, ...rest } = (await told) as Record<string, string | undefined>;
  if (code === "0") return "ok";
  const { Metadata } = await import("@grpc/grpc-js");
  const error = new RpcError(Number(code ?? 1), "", Metadata.fromHttp2Headers(rest));
  return readRpcError(error).reason ?? `code ${code}`;
}

const counted = (results: readonly string[]) =>
  Object.fromEntries(
    [...new Set(results)].sort().map((each) => [each, results.filter((one) => one === each).length]),
  );

/** One call after another on each of the connections. */
async function storm(who: string, connections: number, calls: number): Promise<string[]> {
  const each = Array.from({ length: connections }, async () => {
    const on = session(who);
    const results: string[] = [];
    for (let call = 0; call < calls / connections; call += 1) results.push(await ask(on));
    return results;
  });
  return (await Promise.all(each)).flat();
}

test("a shard on many connections begins as many calls as on one, and another shard and an administrator all of theirs", async () => {
  await serve(limited);
  expect(counted(await storm("shard-s1", 12, 36))).toEqual({ CALLS_TOO_OFTEN: 6, ok: 30 });
  expect(counted(await storm("shard-s2", 1, 20))).toEqual({ ok: 20 });
  expect(counted(await storm("admin", 2, 100))).toEqual({ ok: 100 });
  expect(server.callers.limited).toEqual(new Map([["shard", new Map([["CALLS_TOO_OFTEN", 6]])]]));
  const [told, ...more] = lines.filter(({ fact }) => fact.includes("held back"));
  expect(told?.fields).toMatchObject({ identity: "fleet://shard/s1", limit: "CALLS_TOO_OFTEN" });
  expect(more, "one line for all of them").toEqual([]);
});

test("streams and calls under way are counted over all connections", async () => {
  await serve(limited);
  waits = true;
  const own = Array.from({ length: 3 }, () => session("shard-s1"));
  const results: string[] = [];
  const asked = Array.from({ length: 29 }, (_, at) =>
    ask(own[at % 3] as ClientHttp2Session, at % 2 === 0 ? ECHO : SINK).then((result) => results.push(result)),
  );
  await expect.poll(() => server.callers.limited.get("shard")?.get("TOO_MANY_CALLS")).toBe(9);
  expect(waiting.size).toBe(20);
  waits = false;
  for (let next = waiting.take(); next !== undefined; next = waiting.take()) next.resume(true);
  await Promise.all(asked);
  expect(counted(results)).toEqual({ TOO_MANY_CALLS: 9, ok: 20 });
});

test("what an identity sends is counted over all connections, in calls and in streams", async () => {
  await serve(limited);
  const large = Buffer.alloc(20_000);
  expect(await ask(session("shard-s1"), ECHO, [large])).toBe("ok");
  expect(await ask(session("shard-s1"), SINK, [large, large])).toBe("BYTES_TOO_OFTEN");
  expect(await ask(session("shard-s1"), ECHO, [large])).toBe("BYTES_TOO_OFTEN");
  expect(await ask(session("shard-s2"), ECHO, [large]), "another's are its own").toBe("ok");
  expect(await ask(session("admin"), SINK, [large, large, large, large])).toBe("ok");
});

test("of a storm that waits, another shard's report and an administrator's command begin in their first turns", async () => {
  await serve();
  waits = true;
  const hostile = Array.from({ length: 10 }, () => session("shard-s1"));
  const stormed = Array.from({ length: 200 }, (_, at) => ask(hostile[at % 10] as ClientHttp2Session));
  await expect.poll(() => waiting.size).toBe(200);
  const others = [ask(session("shard-s2")), ask(session("admin"))];
  await expect.poll(() => waiting.size).toBe(202);
  for (let turn = 0; turn < 3; turn += 1) waiting.take()?.resume(true);
  expect(await Promise.all(others)).toEqual(["ok", "ok"]);
  expect([...begun].sort()).toEqual(["fleet://admin", "fleet://shard/s1", "fleet://shard/s2"]);
  waits = false;
  for (let next = waiting.take(); next !== undefined; next = waiting.take()) next.resume(true);
  expect(counted(await Promise.all(stormed))).toEqual({ ok: 200 });
});

test("an identity has no more connections than its number while there is room, and others have theirs", async () => {
  await serve();
  const most = limitsOf("cluster")?.connections ?? 0;
  const own: ClientHttp2Session[] = [];
  for (let count = 0; count < most + 5; count += 1) {
    const made = session("cluster-c1");
    await once(made, "connect");
    own.push(made);
  }
  const open = () => own.filter((each) => !each.destroyed && !each.closed);
  await expect.poll(() => open().length).toBe(most);
  expect(
    own.slice(0, most).every((each) => !each.destroyed),
    "those that were there first stay",
  ).toBe(true);
  expect(server.callers.denied.get("TOO_MANY_CONNECTIONS")).toBe(5);
  expect(await ask(session("shard-s1"))).toBe("ok");
  own[0]?.destroy();
  await expect.poll(() => ask(session("cluster-c1"))).toBe("ok");
});

test("who logs in is counted, and named with the certificate's serial number", async () => {
  await serve();
  for (const who of ["admin", "admin", "shard-s1"]) expect(await ask(session(who))).toBe("ok");
  expect(Object.fromEntries(server.callers.logins)).toEqual({ admin: 2, shard: 1 });
  const told = lines.filter(({ fact }) => fact === "a caller logged in").map(({ fields }) => fields);
  expect(told).toMatchObject([
    { identity: "fleet://admin", serial: expect.stringMatching(/^[0-9A-F]+$/), from: "127.0.0.1" },
    { identity: "fleet://shard/s1", from: "127.0.0.1" },
  ]);
});

test("an answer that is larger than callers take is refused with a reason, and the connection lasts", async () => {
  await serve();
  const on = session("admin");
  expect(await ask(on, ECHO, [LARGE])).toBe("ANSWER_TOO_LARGE");
  expect(await ask(on)).toBe("ok");
});

test("of a caller that reads no answer few are kept, and its next calls are refused on every connection", async () => {
  await serve();
  const deaf = session("shard-s1", { initialWindowSize: 0 });
  const unread = Array.from({ length: 10 }, () => ask(deaf, ECHO, [PAGE]));
  await expect.poll(() => server.callers.limited.get("shard")?.get("ANSWERS_UNREAD")).toBe(6);
  expect(await ask(session("shard-s1"))).toBe("ANSWERS_UNREAD");
  expect(await ask(session("shard-s2"), ECHO, [PAGE])).toBe("ok");
  deaf.destroy();
  await Promise.all(unread);
  await expect.poll(() => ask(session("shard-s1"))).toBe("ok");
});

test("each of hundreds of refused calls is told why", async () => {
  await serve((kind) => (kind === "shard" ? { ...LIMITS, callsAtOnce: 0 } : null));
  const all = Array.from({ length: 20 }, () => session("shard-s1"));
  const asked = Array.from({ length: 600 }, (_, at) =>
    ask(all[at % 20] as ClientHttp2Session, at % 2 === 0 ? ECHO : SINK),
  );
  expect(counted(await Promise.all(asked))).toEqual({ TOO_MANY_CALLS: 600 });
});
