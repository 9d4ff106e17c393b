import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { OperatorError } from "../../../src/core/base/errors.ts";
import {
  type MetricsServerOptions,
  openMetricsPort,
  openProbesPort,
} from "../../../src/core/metrics/metrics-server.ts";
import type { Readiness } from "../../../src/core/metrics/role-metrics.ts";
import { fakeTime } from "../fake-time.ts";

// The server's own limits.
const HEADERS_WITHIN_MS = 5_000;
const PROBE_WITHIN_MS = 2_000;

const errors: string[] = [];
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (_: string, fields: object = {}) => void errors.push(JSON.stringify(fields)),
};

async function serve(options: Partial<MetricsServerOptions> = {}): Promise<string> {
  const server = await openMetricsPort({
    ...{ host: "127.0.0.1", port: 0, log },
    collect: async (into) => into.set("fleet_raft_term", 7),
    readiness: () => ({ ready: true }),
    ...options,
  });
  onTestFinished(() => server.close());
  return `http://${server.address}`;
}

test("metrics are text of the version that Prometheus asks for", async () => {
  const response = await fetch(`${await serve()}/metrics?a=b`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await response.text()).toContain("\nfleet_raft_term 7\n");
});

test("a process is alive whatever it is ready for, and says why it is not ready", async () => {
  let readiness: Readiness = { ready: false, reason: "it knows no leader" };
  const url = await serve({ readiness: () => readiness });
  const [alive, notReady] = [await fetch(`${url}/healthz`), await fetch(`${url}/readyz`)];
  expect([alive.status, await alive.text()]).toEqual([200, "ok\n"]);
  expect([notReady.status, await notReady.text()]).toEqual([503, "not ready: it knows no leader\n"]);
  readiness = { ready: true };
  expect((await fetch(`${url}/readyz`)).status).toBe(200);
});

test.each([
  { path: "/", method: "GET", status: 404 },
  { path: "/metrics", method: "POST", status: 405 },
  { path: "/metrics", method: "HEAD", status: 200 },
])("$method $path is answered with $status", async ({ path, method, status }) => {
  expect((await fetch(`${await serve()}${path}`, { method })).status).toBe(status);
});

test("all who ask at the same time share one look, and the next one looks again", async () => {
  let looks = 0;
  const bothAsk = Promise.withResolvers<void>();
  const url = await serve({
    collect: async (into) => {
      looks += 1;
      await (looks === 1 ? bothAsk.promise : null);
      into.set("fleet_raft_term", looks);
    },
  });
  const both = [await request(url, ASK), await request(url, ASK)];
  // Both were written before this one, so they are read before it is answered.
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  bothAsk.resolve();
  for (const one of both) expect(await text(one)).toContain("\nfleet_raft_term 1\n");
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("fleet_raft_term 2\n");
});

test("a look that fails is an error of the scrape and a line of the log, and ends nothing", async () => {
  const url = await serve({ collect: () => Promise.reject(new Error("broken")) });
  const response = await fetch(`${url}/metrics`);
  expect([response.status, await response.text()]).toEqual([
    500,
    "the metrics cannot be collected; see the log\n",
  ]);
  expect(errors.at(-1)).toMatch(/^."error":"Error: broken.n +at /);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test("a port that is taken is an operator's error that says how to find who has it", async () => {
  const port = Number(new URL(await serve()).port);
  const failure = await serve({ port }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(OperatorError);
  expect(failure).toMatchObject({ code: "PORT_TAKEN", parts: { next: expect.stringContaining(`:${port}`) } });
});

const ASK = "GET /metrics HTTP/1.1\r\nhost: a\r\n\r\n";

/** A connection on which these words were written. */
async function request(url: string, words: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  socket.on("error", () => undefined);
  onTestFinished(() => void socket.destroy());
  await new Promise<void>((resolve) => socket.write(words, () => resolve()));
  return socket;
}

describe("one connection has one answer", () => {
  test("requests that it sends at once cost one look, and it is cut once it sends too many of them", async () => {
    let looks = 0;
    const collect = async () => {
      looks += 1;
    };
    const url = await serve({ collect });
    const few = await request(url, ASK.repeat(10));
    expect((await text(few)).match(/^HTTP/gm)).toHaveLength(1);
    const socket = await request(url, ASK);
    socket.resume();
    const isCut = new Promise((resolve) => socket.once("close", resolve));
    const timer = setInterval(() => socket.write(ASK.repeat(500)), 1);
    await isCut;
    clearInterval(timer);
    expect(looks).toBe(2);
  });

  test.each([
    { words: "GET /healthz HTTP/1.0\r\n\r\n", status: 200, why: "it is complete" },
    {
      words: "GET /healthz HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc",
      status: 200,
      why: "a body is ignored",
    },
    { words: `POST /healthz HTTP/1.1\r\n\r\n${"x".repeat(30_000)}`, status: 405, why: "a body is ignored" },
    { words: `GET /${"a".repeat(9_000)} HTTP/1.1\r\n\r\n`, status: 431, why: "its line is too long" },
    {
      words: `GET / HTTP/1.1\r\n${"x: y\r\n".repeat(2_000)}\r\n`,
      status: 431,
      why: "it has too many headers",
    },
    { words: "\u0000\u0001\r\n\r\n", status: 400, why: "it is no request" },
    { words: "GET /healthz\r\n\r\n", status: 400, why: "it has no version" },
    {
      words: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      status: 400,
      why: "it is HTTP/2, of which nothing is upgraded to here",
    },
    {
      words: "GET /healthz HTTP/1.1\r\nupgrade: h2c\r\nconnection: upgrade\r\nhost: a\r\n\r\n",
      status: 200,
      why: "an upgrade is ignored",
    },
    { words: "GET http://a/healthz HTTP/1.1\r\n\r\n", status: 404, why: "it is a request to a proxy" },
    { words: "GET /../../metrics HTTP/1.1\r\n\r\n", status: 404, why: "paths are compared as they are" },
    { words: "TRACE /healthz HTTP/1.1\r\ncookie: secret\r\n\r\n", status: 405, why: "nothing is reflected" },
  ])("$status: $why", async ({ words, status }) => {
    const answer = await text(await request(await serve(), words));
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*connection: close`, "s"));
  });

  test("a caller that closes its side has its answer", async () => {
    const socket = connect(Number(new URL(await serve()).port), "127.0.0.1");
    socket.end(ASK);
    expect(await text(socket)).toContain("fleet_raft_term 7");
  });
});

describe("an answer", () => {
  fakeTime("setTimeout", "clearTimeout");

  test("that is not read ends its connection", async () => {
    const large = "x".repeat(32 * 1024 * 1024);
    const asked = Promise.withResolvers<void>();
    const readiness = () => {
      asked.resolve();
      return { ready: false, reason: large } as const;
    };
    const port = await openProbesPort({ host: "127.0.0.1", port: 0, readiness });
    onTestFinished(() => port.close());
    const socket = await request(`http://${port.address}`, ASK.replace("metrics", "readyz"));
    await asked.promise;
    await nextTurn();
    await vi.advanceTimersByTimeAsync(PROBE_WITHIN_MS);
    const read = (await text(socket).catch(() => "")).length;
    expect(read).toBeLessThan(large.length);
  });
});

/** So many sockets that never say a word, and how many of them are still open. */
async function silentSockets(url: string, count: number, words = "") {
  const { port } = new URL(url);
  let open = 0;
  const sockets = Array.from({ length: count }, () => connect(Number(port), "127.0.0.1"));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) {
    socket.on("error", () => undefined);
    socket.once("connect", () => {
      open += 1;
      if (words !== "") socket.write(words);
    });
    socket.once("close", () => {
      open -= 1;
    });
  }
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  return () => open;
}

describe("two hundred sockets that ask for nothing (issue 11: they failed every probe)", () => {
  fakeTime("setTimeout", "clearTimeout");

  test.each(["", "GET /metrics HTTP/1.1\r\nhost: a\r\nx: "])(
    "having said %j, fail no probe and no scrape",
    async (words) => {
      const url = await serve();
      await silentSockets(url, 200, words);
      for (let at = 0; at < 20; at++) {
        for (const path of ["/healthz", "/readyz", "/metrics"]) {
          expect((await fetch(`${url}${path}`, { headers: { connection: "close" } })).status).toBe(200);
        }
      }
    },
  );

  test("keep no room beyond the cap, and none at all once they are late", async () => {
    const open = await silentSockets(await serve(), 200);
    await expect.poll(open).toBeLessThanOrEqual(64);
    await vi.advanceTimersByTimeAsync(HEADERS_WITHIN_MS - 1);
    expect(open()).toBeGreaterThan(0);
    await vi.advanceTimersByTimeAsync(1);
    await expect.poll(open).toBe(0);
  });

  test("a scrape under way is not cut for being late", async () => {
    const looking = Promise.withResolvers<void>();
    const url = await serve({ collect: () => looking.promise });
    const scraped = fetch(`${url}/metrics`);
    const open = await silentSockets(url, 10);
    // It came after them.
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    await vi.advanceTimersByTimeAsync(HEADERS_WITHIN_MS);
    await expect.poll(open).toBe(0);
    looking.resolve();
    expect((await scraped).status).toBe(200);
  });
});

test("probes have a port of their own, without metrics", async () => {
  let readiness: Readiness = { ready: false, reason: "it starts" };
  const port = await openProbesPort({ host: "127.0.0.1", port: 0, readiness: () => readiness });
  onTestFinished(() => port.close());
  const status = async (path: string) => (await fetch(`http://${port.address}${path}`)).status;
  expect(await Promise.all(["/healthz", "/readyz", "/metrics", "/"].map(status))).toEqual([
    200, 503, 404, 404,
  ]);
  readiness = { ready: true };
  expect(await status("/readyz")).toBe(200);
});
