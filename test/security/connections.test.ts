// Silent and idle connections keep no other caller out. (Issue 11: 250 silent TCP connections under a limit of 200 files made a
// node unreachable.)

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as dial, type Socket } from "node:net";
import { type ConnectionOptions, connect as secure } from "node:tls";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { raw } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { addEcho, ECHO } from "./echo-service.ts";

const ROOM = { handshakes: 5, strangers: 7 };
let warned: unknown[];
const log = { ...silentLog, warn: (_: string, fields?: object) => warned.push(fields) };

let authority: TestAuthority;
let server: RpcServer;
let address: string;
let opened: (Socket | ClientHttp2Session)[];

beforeEach(async () => {
  opened = [];
  warned = [];
  authority = await TestAuthority.make();
  for (const who of ["replica/1", "admin", "shard/s1"])
    await authority.issue(nameOf(who), [`fleet://${who}`]);
  const tls = loadTls(authority.files("replica"));
  const errors = new InternalErrors("server", silentLog);
  server = new RpcServer({ tls, errors, log, options: serverOptions, room: ROOM });
  addEcho(server, { allow: anyIdentity, bytesMax: 100 });
  address = await server.listen("127.0.0.1:0");
});
afterEach(async () => {
  for (const connection of opened) connection.destroy();
  await server.close();
  await authority.remove();
});

const nameOf = (who: string) => who.split("/")[0] ?? "";

function session(who: string): ClientHttp2Session {
  const { ca, cert, key } = loadTls(authority.files(who));
  const made = connect(`https://${address}`, { ca, cert, key, checkServerIdentity: () => undefined });
  made.on("error", () => undefined);
  opened.push(made);
  return made;
}

const ask = (who: string) =>
  raw({ session: session(who), path: ECHO, bytes: [framed(Buffer.from("hello"))] });

test("connections that never shake hands make way for those that do", async () => {
  const [host = "", port = ""] = address.split(":");
  const silent: Socket[] = [];
  for (let count = 0; count < 50; count += 1) {
    const socket = dial(Number(port), host);
    socket.on("error", () => undefined);
    opened.push(socket);
    silent.push(socket);
    await once(socket, "connect");
  }
  for (const who of ["admin", "replica", "shard"]) expect(await ask(who)).toEqual({ code: 0, reason: null });
  await expect.poll(() => silent.filter(({ closed }) => !closed).length).toBeLessThanOrEqual(ROOM.handshakes);
});

test("strangers fill their room and no more: replicas and administrators are let in", async () => {
  const strangers = Array.from({ length: 20 }, () => session("shard"));
  await expect.poll(() => strangers.filter(({ closed }) => closed).length).toBe(20 - ROOM.strangers);
  for (const who of ["admin", "replica"]) expect(await ask(who)).toEqual({ code: 0, reason: null });
});

test("an administrator's connections are not counted as strangers'", async () => {
  const admins = Array.from({ length: 20 }, () => session("admin"));
  await Promise.all(admins.map((one) => once(one, "remoteSettings")));
  expect(await ask("shard")).toEqual({ code: 0, reason: null });
  expect(admins.some(({ closed }) => closed)).toBe(false);
});

test("TLS below 1.3 is refused", async () => {
  const { ca, cert, key } = loadTls(authority.files("admin"));
  const [host = "", port = ""] = address.split(":");
  const tls = { ca, cert, key, checkServerIdentity: () => undefined, ALPNProtocols: ["h2"] };
  const socket = secure({ ...tls, host, port: Number(port), maxVersion: "TLSv1.2" });
  const [error] = await once(socket, "error");
  expect(error.code).toBe("ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
  const told = { reason: "HANDSHAKE_FAILED", identity: "", from: "127.0.0.1" };
  await expect.poll(() => warned).toEqual([expect.objectContaining(told)]);
});

describe("where TLS 1.2 is asked for", () => {
  let older: RpcServer;
  let at: { readonly host: string; readonly port: number };
  beforeEach(async () => {
    const tls = loadTls({ ...authority.files("replica"), minVersion: "TLSv1.2" });
    older = new RpcServer({
      tls,
      errors: new InternalErrors("server", silentLog),
      log,
      options: serverOptions,
    });
    const [host = "", port = ""] = (await older.listen("127.0.0.1:0")).split(":");
    at = { host, port: Number(port) };
  });
  afterEach(() => older.close());

  const handshake = async (more: ConnectionOptions) => {
    const { ca, cert, key } = loadTls(authority.files("admin"));
    const checkServerIdentity = () => undefined;
    const socket = secure({ ca, cert, key, checkServerIdentity, ALPNProtocols: ["h2"], ...at, ...more });
    const [error] = await Promise.race([once(socket, "secureConnect"), once(socket, "error")]).catch((e) => [
      e,
    ]);
    const found = error === undefined ? `${socket.getProtocol()} ${socket.getCipher().name}` : error.code;
    socket.destroy();
    return found;
  };

  test.each([
    ["TLSv1.3", "TLSv1.2", undefined, "TLSv1.3 TLS_AES_256_GCM_SHA384"],
    ["TLSv1.2", "TLSv1.2", undefined, "TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256"],
    ["TLSv1.2", "TLSv1.2", "ECDHE-ECDSA-AES128-SHA", "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
    ["TLSv1.2", "TLSv1.2", "ECDHE-ECDSA-AES128-SHA256", "ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"],
    ["TLSv1.1", "TLSv1.1", "DEFAULT@SECLEVEL=0", "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION"],
  ] as const)(
    "a client of at most %s (least %s, suites %s) gets %s",
    async (maxVersion, minVersion, ciphers, found) => {
      const chosen = ciphers === undefined ? {} : { ciphers };
      expect(await handshake({ maxVersion, minVersion, ...chosen })).toBe(found);
    },
  );
});
