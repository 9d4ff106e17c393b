// Callers that keep being refused, at a real port: what they send costs little, and others notice nothing (ADR-0074).

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as secure } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuthority, type PemPair } from "../../src/client/cert/certs.ts";
import { silentLog } from "../../src/core/base/log.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import {
  HANDSHAKE_BYTES,
  HELD_MAX,
  LARGE_BYTES,
  REFUSAL_BYTES,
} from "../../src/core/wire/server/refused-callers.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { header, raw } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { type BytesCall, bytesMethod, ECHO } from "./echo-service.ts";
import { uri } from "./malformed-names.ts";
import { oddCertificate } from "./odd-certificates.ts";

interface Echo {
  readonly echo: BytesCall;
  readonly secret: BytesCall;
}
const SECRET = "/test.Echo/Secret";
const definition = { echo: bytesMethod(ECHO), secret: bytesMethod(SECRET) };
const BYTES_MAX = 1024 * 1024;
const HELLO = framed(Buffer.from("hello"));
/** Refusals, or failed handshakes, that a caller has before it is slowed. */
const BURST = 8;

let authority: TestAuthority;
let server: RpcServer;
let address: string;
let sessions: ClientHttp2Session[];

beforeEach(async () => {
  sessions = [];
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin", "shard/s1", "shard/s2"])
    await authority.issue(who.replace("/", "-"), [`fleet://${who}`]);
  expect(HANDSHAKE_BYTES).toBe(REFUSAL_BYTES);
  server = new RpcServer({
    ...{ tls: loadTls(authority.files("replica-1")), errors: new InternalErrors("server", silentLog) },
    ...{ log: silentLog, options: serverOptions },
    // So slow that no test waits for it.
    waste: { burst: BURST * REFUSAL_BYTES, perSecond: 1e-6 },
  });
  const echo: Echo["echo"] & ((call: { request: Buffer }) => Promise<Buffer>) = async ({ request }) =>
    request;
  server.addService<Echo>(
    definition,
    { echo, secret: echo },
    {
      echo: { allow: anyIdentity, bytesMax: BYTES_MAX },
      secret: { allow: ({ kind }) => kind === "replica", bytesMax: BYTES_MAX },
    },
  );
  address = await server.listen("127.0.0.1:0");
});
afterEach(async () => {
  for (const session of sessions) session.destroy();
  await server.close();
  await authority.remove();
});

function session(who: string, localAddress = "127.0.0.1"): ClientHttp2Session {
  const { ca, cert, key } = loadTls(authority.files(who));
  const made = connect(`https://${address}`, {
    ...{ ca, cert, key, localAddress },
    checkServerIdentity: () => undefined,
  });
  made.on("error", () => undefined);
  sessions.push(made);
  return made;
}

const slowed = (what: string) => server.callers.slowed.get(what) ?? 0;

const ask = (who: string, path: string, bytes = [HELLO], from?: string) =>
  raw({ session: session(who, from), path, bytes });

/** Returns how many of them were answered late. */
async function refusedTimes(who: string, times: number): Promise<number> {
  const before = slowed("refusal");
  const asked = Array.from({ length: times }, () => ask(who, SECRET));
  for (const { reason } of await Promise.all(asked)) expect(reason).toBe("PERMISSION_DENIED");
  return slowed("refusal") - before;
}

test("an identity that keeps being refused is answered late, and nobody else is", async () => {
  expect(await refusedTimes("shard-s1", BURST)).toBe(0);
  expect(await refusedTimes("shard-s1", 5)).toBe(5);
  expect(await refusedTimes("shard-s2", BURST)).toBe(0);
  expect(await refusedTimes("admin", 3 * BURST)).toBe(0);
  expect(await ask("shard-s1", ECHO), "its small calls are served").toEqual({ code: 0, reason: null });
});

test("large messages of such an identity are refused at their head, and those of others are served", async () => {
  expect(await refusedTimes("shard-s1", BURST + 1)).toBe(1);
  const large = framed(Buffer.alloc(LARGE_BYTES + 1));
  const [head, body] = [large.subarray(0, 5), large.subarray(5)];
  const refused = raw({ session: session("shard-s1"), path: ECHO, bytes: [head], ends: false });
  expect((await refused).reason).toBe("REFUSED_TOO_OFTEN");
  expect(slowed("message")).toBe(1);
  for (const who of ["shard-s2", "admin"])
    expect(await ask(who, ECHO, [head, body])).toEqual({ code: 0, reason: null });
});

test("a message that is begun and left costs its bytes", async () => {
  const large = framed(Buffer.alloc(BURST * REFUSAL_BYTES));
  const on = session("shard-s1");
  const left = on.request({ ":method": "POST", ":path": ECHO, "content-type": "application/grpc" });
  left.on("error", () => undefined);
  left.write(large.subarray(0, large.length - 1));
  await expect.poll(() => left.writableLength).toBe(0);
  on.destroy();
  const again = () =>
    raw({ session: session("shard-s1"), path: ECHO, bytes: [header(LARGE_BYTES + 1)], ends: false }).then(
      ({ reason }) => reason,
      () => null,
    );
  expect(await ask("shard-s1", SECRET)).toMatchObject({ reason: "PERMISSION_DENIED" });
  await expect.poll(again).toBe("REFUSED_TOO_OFTEN");
});

test("a connection that brings more refused calls than are held ends", async () => {
  const all = Array.from({ length: 3 }, () => session("shard-s1"));
  const asked = all.flatMap((on) =>
    Array.from({ length: 32 }, () => {
      const stream = on.request({ ":method": "POST", ":path": SECRET, "content-type": "application/grpc" });
      stream.on("error", () => undefined);
      stream.end();
      stream.resume();
      return once(stream, "close").catch(() => undefined);
    }),
  );
  await Promise.all(asked);
  expect(slowed("refusal")).toBe(HELD_MAX);
  expect(slowed("connection")).toBeGreaterThan(0);
  expect((await ask("shard-s2", ECHO)).code).toBe(0);
});

test("certificates that fail the handshake make those from their address wait, and none from another", async () => {
  const [host = "", port = ""] = address.split(":");
  const foreign: PemPair = await oddCertificate(await createAuthority("other"), {
    names: uri("fleet://admin"),
  });
  const { ca } = loadTls(authority.files("admin"));
  for (let failed = 0; failed <= BURST; failed += 1) {
    const socket = secure({
      ...{ host, port: Number(port), ca, cert: foreign.certificate, key: foreign.key },
      ...{ ALPNProtocols: ["h2"], checkServerIdentity: () => undefined, localAddress: "127.0.0.9" },
    });
    socket.on("error", () => undefined).resume();
    await once(socket, "close");
  }
  await expect.poll(() => server.callers.denied.get("HANDSHAKE_FAILED")).toBe(BURST + 1);
  expect(slowed("handshake")).toBe(0);
  expect((await ask("shard-s1", ECHO, [HELLO], "127.0.0.8")).code).toBe(0);
  expect(slowed("handshake")).toBe(0);
  const beside = Array.from({ length: 5 }, () => ask("shard-s1", ECHO, [HELLO], "127.0.0.9"));
  for (const { code } of await Promise.all(beside)) expect(code).toBe(0);
  expect(slowed("handshake")).toBe(5);
});
