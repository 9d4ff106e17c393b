// While a connection is not read, Node takes one read of it from the system, and no more. What it takes lies in memory, in as
// many pieces as the peer makes of it.

import { once } from "node:events";
import { connect as plain, type Socket } from "node:net";
import { setImmediate as nextPass } from "node:timers/promises";
import { connect as secure } from "node:tls";
import { expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../../../src/client/cert/certs.ts";
import { type Http2Options, Http2Server } from "../../../../src/core/wire/http2/http2-server.ts";
import type { ServerSession } from "../../../../src/core/wire/http2/server-session.ts";
import { HELLO, KEEPALIVE } from "./http2-world.ts";

const PIECES = 50;

interface Way {
  readonly secureContext: Http2Options["secureContext"];
  connect(port: number): Promise<Socket>;
}

const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  plaintext: async () => ({
    secureContext: null,
    connect: async (port) => {
      const socket = plain({ port, host: "127.0.0.1", noDelay: true });
      await once(socket, "connect");
      return socket;
    },
  }),
  TLS: async () => {
    const authority = await createAuthority("ours");
    const about = { commonName: "n1", uri: "fleet://replica/1", days: 1 };
    const { certificate: cert, key } = await issueCertificate(authority, about);
    const own = { ca: authority.certificate, cert, key };
    return {
      secureContext: () => own,
      connect: async (port) => {
        const others = { ALPNProtocols: ["h2"], checkServerIdentity: () => undefined };
        const socket = secure({ ...own, ...others, port, host: "127.0.0.1" });
        await once(socket, "secureConnect");
        socket.setNoDelay();
        return socket;
      },
    };
  },
};

test.each(Object.entries(WAYS))("over %s", async (_, make) => {
  const { secureContext, connect } = await make();
  const bugs: unknown[] = [];
  const server = new Http2Server({
    ...{ secureContext, maxStreams: 10, keepalive: KEEPALIVE },
    onBug: (error) => bugs.push(error),
  });
  const begun = new Promise<ServerSession>((resolve) => server.on("session", resolve));
  const read = once(server, "read");
  const client = await connect(await server.listen("127.0.0.1", 0));
  client.on("error", () => undefined).resume();
  client.write(HELLO);
  await read;
  const session = await begun;
  const { socket } = session;
  session.stopReading();
  for (let piece = 0; piece < PIECES; piece += 1) {
    await new Promise((written) => client.write(Buffer.alloc(1), written));
    for (let pass = 0; pass < 5; pass += 1) await nextPass();
    if (piece === 0) await expect.poll(() => socket.readableLength).toBe(1);
  }
  expect(socket.readableLength).toBe(1);
  session.readOn();
  await expect.poll(() => socket.readableLength).toBe(0);
  client.destroy();
  await server.close(0);
  expect(bugs).toEqual([]);
});
