// A certificate counts for as long as it is valid, and it must be one that could be revoked. OpenSSL looks at its end in a full
// handshake only: a TLS session that is resumed again and again would outlive it.

import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { connect as secure, type TLSSocket } from "node:tls";
import { status } from "@grpc/grpc-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { silentLog } from "../../src/core/base/log.ts";
import { serverOptions } from "../../src/core/wire/channel-options.ts";
import { InternalErrors } from "../../src/core/wire/server/internal-errors.ts";
import { framed } from "../../src/core/wire/server/message-frames.ts";
import { anyIdentity } from "../../src/core/wire/server/method-rules.ts";
import { RpcServer } from "../../src/core/wire/server/rpc-server.ts";
import { loadTls } from "../../src/core/wire/tls/tls.ts";
import { HEADERS, raw } from "../integration/raw-call.ts";
import { TestAuthority } from "../integration/test-authority.ts";
import { standDaysAhead } from "../unit/fake-time.ts";
import { addEcho, ECHO } from "./echo-service.ts";

const HELLO = framed(Buffer.from("hello"));

let authority: TestAuthority;
let server: RpcServer;
let port: number;
const opened: ClientHttp2Session[] = [];

beforeEach(async () => {
  authority = await TestAuthority.make();
  await authority.issue("replica", ["fleet://replica/1"]);
  const tls = loadTls(authority.files("replica"));
  const errors = new InternalErrors("server", silentLog);
  server = new RpcServer({ tls, errors, log: silentLog, options: serverOptions });
  addEcho(server, { allow: anyIdentity, bytesMax: 100 });
  port = Number((await server.listen("127.0.0.1:0")).split(":")[1]);
});
afterEach(async () => {
  for (const session of opened.splice(0)) session.destroy();
  await server.close();
  await authority.remove();
});

/** A connection with the certificate of `who`, which resumes the session of an earlier one. */
function open(who: string, session?: Buffer) {
  const { ca, cert, key } = loadTls(authority.files(who));
  const resumed = session === undefined ? {} : { session };
  const socket: TLSSocket = secure({
    ...{ host: "127.0.0.1", port, ca, cert, key, ALPNProtocols: ["h2"], ...resumed },
    checkServerIdentity: () => undefined,
  });
  const ticket = once(socket, "session").then(([bytes]) => bytes as Buffer);
  const http2 = connect(`https://127.0.0.1:${port}`, { createConnection: () => socket });
  http2.on("error", () => undefined);
  opened.push(http2);
  return { socket, ticket, http2 };
}

/** A call that leaves its connection open. */
async function ask(http2: ClientHttp2Session): Promise<string> {
  const stream = http2.request({ ...HEADERS, ":path": ECHO });
  stream.end(HELLO);
  stream.resume();
  const [trailers] = await once(stream, "trailers");
  return String(trailers["grpc-status"]);
}

test("a resumed session is refused once the certificate has expired; a connection that is open stays", async () => {
  await authority.issue("shard", ["fleet://shard/s1"]);
  const first = open("shard");
  expect(await ask(first.http2)).toBe("0");
  const ticket = await first.ticket;
  const second = open("shard", ticket);
  expect(await raw({ session: second.http2, path: ECHO, bytes: [HELLO] })).toMatchObject({ code: 0 });
  expect(second.socket.isSessionReused()).toBe(true);

  standDaysAhead(31);
  const late = open("shard", ticket);
  expect(await raw({ session: late.http2, path: ECHO, bytes: [HELLO] })).toEqual({
    code: status.UNAUTHENTICATED,
    reason: "CERTIFICATE_EXPIRED",
  });
  expect(await ask(first.http2)).toBe("0");
});

test("a certificate with a serial number that no revocation can name opens nothing", async () => {
  await authority.issue("shard", ["fleet://shard/s1"], true, undefined, "7f".repeat(21));
  const { http2 } = open("shard");
  expect(await raw({ session: http2, path: ECHO, bytes: [HELLO] })).toEqual({
    code: status.UNAUTHENTICATED,
    reason: "CERTIFICATE_SERIAL_UNUSABLE",
  });
});
