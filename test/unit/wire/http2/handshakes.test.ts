// What can go wrong around a handshake of TLS: each such connection ends by itself, and nothing reaches the process.

import { once } from "node:events";
import { connect as dial, type Socket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate as nextPass } from "node:timers/promises";
import { type ConnectionOptions, connect as secure } from "node:tls";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { Http2Server } from "../../../../src/core/wire/http2/http2-server.ts";
import type { ServerSession } from "../../../../src/core/wire/http2/server-session.ts";

/** Of TLS, with the form of one that is encrypted. */
const BROKEN_RECORD = Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32, 7)]);
const HANDSHAKE_MS = 300;
const GRACE_MS = 5_000;

let server: Http2Server;
let port = 0;
let client: ConnectionOptions;
let opened: Socket[];
let bugs: unknown[];

beforeEach(async () => {
  [opened, bugs] = [[], []];
  const authority = await createAuthority("ours");
  const pair = async (uri: string) => {
    const { certificate, key } = await issueCertificate(authority, { commonName: "n1", uri, days: 30 });
    return { ca: authority.certificate, cert: certificate, key };
  };
  const own = await pair("fleet://replica/1");
  client = { ...(await pair("fleet://admin")), checkServerIdentity: () => undefined };
  server = new Http2Server({
    secureContext: () => own,
    ...{ maxStreams: 10, keepalive: { everyMs: 60_000, withinMs: 60_000 }, handshakeMs: HANDSHAKE_MS },
    onBug: (error) => bugs.push(error),
  });
  port = await server.listen("127.0.0.1", 0);
});
afterEach(async () => {
  for (const socket of opened) socket.destroy();
  await server.close(50);
  expect(bugs).toEqual([]);
});

function connection(): Socket {
  const socket = dial(port, "127.0.0.1");
  socket.on("error", () => undefined);
  opened.push(socket);
  return socket;
}

/** The client's end of `socket`, whose bytes to the server pass through `send`. */
function through(socket: Socket, send: (bytes: Buffer) => void): Duplex {
  const wire = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, done) => {
      send(bytes);
      done();
    },
  });
  socket.on("data", (bytes) => wire.push(bytes));
  return wire;
}

function handshake(socket: Duplex, options: ConnectionOptions = {}) {
  const tls = secure({ ...client, ...options, socket });
  tls.on("error", () => undefined);
  return tls;
}

test("a broken record right after the handshake of a client without HTTP/2 ends that connection only", async () => {
  const socket = connection();
  const ended = once(socket, "close");
  const held: Buffer[] = [];
  let isHeld = false;
  const tls = handshake(through(socket, (bytes) => (isHeld ? held.push(bytes) : socket.write(bytes))));
  socket.prependListener("data", () => {
    isHeld = true;
  });
  await once(tls, "secureConnect");
  for (let pass = 0; pass < 3; pass += 1) await nextPass();
  expect(held.length).toBeGreaterThan(0);
  socket.write(Buffer.concat([...held, BROKEN_RECORD]));
  await ended;
  await nextPass();
});

test("a connection that never shakes hands ends at its deadline, and its failure is told once", async () => {
  const told: string[] = [];
  server.on("tlsClientError", (error: NodeJS.ErrnoException) => told.push(error.code ?? ""));
  await once(connection(), "close");
  expect(told).toEqual(["ERR_TLS_HANDSHAKE_TIMEOUT"]);
});

test("a broken record after the handshake ends the connection", async () => {
  const begun = once(server, "session");
  const socket = connection();
  const tls = handshake(
    through(socket, (bytes) => socket.write(bytes)),
    { ALPNProtocols: ["h2"] },
  );
  await once(tls, "secureConnect");
  const [session] = (await begun) as [ServerSession];
  const ended = new Promise<void>((resolve) => session.onClose(resolve));
  socket.write(BROKEN_RECORD);
  await ended;
  expect(session.destroyed).toBe(true);
});

test("a handshake that is under way when the server closes does not hold it up", async () => {
  const came = once(server, "connection");
  const socket = connection();
  await came;
  const startMs = performance.now();
  const closed = server.close(GRACE_MS);
  handshake(socket, { ALPNProtocols: ["h2"] }).resume();
  await closed;
  expect(performance.now() - startMs).toBeLessThan(GRACE_MS - 1_000);
});
