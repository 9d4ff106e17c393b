// The HTTP port beside a role: /metrics for Prometheus, /healthz (this process is alive) and /readyz (it can do its
// work). Plaintext and without identities, as scrapers and probes expect: so it names no cluster, and is to listen where
// only they reach. What must stay true: however many ask, there is one look at a time; nobody's slowness holds it up.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Exit, OperatorError } from "../base/errors.ts";
import type { Log } from "../base/log.ts";
import { CONTENT_TYPE, Exposition } from "./exposition.ts";
import type { Readiness } from "./role-metrics.ts";

const REQUEST_TIMEOUT_MS = 5_000;
const CONNECTIONS_MAX = 64;
const PLAIN_TEXT = "text/plain; charset=utf-8";

export interface MetricsServerOptions {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
  readonly collect: (into: Exposition) => Promise<void>;
  readonly readiness: () => Readiness;
  readonly log: Log;
}

interface Page {
  readonly code: number;
  readonly type: string;
  readonly body: string;
}

export class MetricsServer {
  /** host:port that it really listens on. */
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** Throws an OperatorError when it can't listen. */
  static async start(options: MetricsServerOptions): Promise<MetricsServer> {
    const pages = new Pages(options);
    const server = createServer((request, response) => void answer(pages, request, response));
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.maxConnections = CONNECTIONS_MAX;
    const port = await listen(server, options);
    return new MetricsServer(server, formatAddress(options.host, port));
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }
}

class Pages {
  readonly #options: MetricsServerOptions;
  /** The look under way, which all who ask meanwhile share. */
  #look: Promise<Page> | null = null;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  async get(path: string): Promise<Page> {
    switch (path) {
      case "/metrics":
        this.#look ??= this.#metrics().finally(() => {
          this.#look = null;
        });
        return this.#look;
      case "/healthz":
        return { code: 200, type: PLAIN_TEXT, body: "ok\n" };
      case "/readyz": {
        const readiness = this.#options.readiness();
        if (readiness.ready) return { code: 200, type: PLAIN_TEXT, body: "ready\n" };
        return { code: 503, type: PLAIN_TEXT, body: `not ready: ${readiness.reason}\n` };
      }
      default:
        return { code: 404, type: PLAIN_TEXT, body: "there are /metrics, /healthz and /readyz\n" };
    }
  }

  async #metrics(): Promise<Page> {
    const { collect, log } = this.#options;
    try {
      const exposition = new Exposition();
      await collect(exposition);
      return { code: 200, type: CONTENT_TYPE, body: exposition.text() };
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      log.error("the metrics cannot be collected", { error: stack });
      return { code: 500, type: PLAIN_TEXT, body: "the metrics cannot be collected; see the log\n" };
    }
  }
}

async function answer(pages: Pages, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const isRead = request.method === "GET" || request.method === "HEAD";
  const [path = "/"] = (request.url ?? "/").split("?");
  const page = isRead ? await pages.get(path) : { code: 405, type: PLAIN_TEXT, body: "only GET and HEAD\n" };
  response.writeHead(page.code, {
    "content-type": page.type,
    "content-length": Buffer.byteLength(page.body),
  });
  response.end(request.method === "HEAD" ? undefined : page.body);
}

function listen(server: Server, { host, port }: MetricsServerOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(cannotListen(formatAddress(host, port), cause)));
    server.listen({ host, port }, () => resolve((server.address() as AddressInfo).port));
  });
}

function cannotListen(address: string, cause: Error): OperatorError {
  const isTaken = "code" in cause && cause.code === "EADDRINUSE";
  return new OperatorError(isTaken ? "PORT_TAKEN" : "CANNOT_LISTEN", {
    what: `cannot listen on ${address} for metrics`,
    why: isTaken ? "another process listens there" : cause.message,
    next: isTaken
      ? `find it with: ss -ltnp 'sport = :${address.split(":").pop()}'; or give another --metrics`
      : "check the address of --metrics",
    exit: Exit.Precondition,
    cause,
  });
}

function formatAddress(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
