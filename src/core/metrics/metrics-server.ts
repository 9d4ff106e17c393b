// The HTTP ports beside a role: /metrics for Prometheus, /healthz (this process is alive) and /readyz (it can
// do its work). They are plaintext and without identities, as scrapers and probes expect. So they name no
// cluster, and must listen where only scrapers and probes reach them. Probes can have a port of their own: a
// probe decides whether a process lives, so it must not share room with scrapers. What must stay true: only
// one collection runs at a time, however many callers ask, and a slow caller does not block it.

import type { Log } from "../base/log.ts";
import { CONTENT_TYPE, Exposition } from "./exposition.ts";
import { HttpPort } from "./http-port.ts";
import { type Page, PLAIN_TEXT } from "./one-request.ts";
import type { Readiness } from "./role-metrics.ts";

const METRICS_BOUNDS = { connectionsMax: 64, headersWithinMs: 5_000 };
const PROBES_BOUNDS = { connectionsMax: 64, headersWithinMs: 2_000 };

interface Where {
  readonly host: string;
  /** 0 for a free one. */
  readonly port: number;
}

export interface ProbeOptions extends Where {
  readonly readiness: () => Readiness;
}

export interface MetricsServerOptions extends ProbeOptions {
  readonly collect: (into: Exposition) => Promise<void>;
  readonly log: Log;
}

/** All three paths. Throws an OperatorError when it can't listen. */
export function openMetricsPort(options: MetricsServerOptions): Promise<HttpPort> {
  const metrics = new MetricsPage(options);
  return HttpPort.open({
    ...{
      host: options.host,
      port: options.port,
      purpose: "metrics",
      flag: "--metrics",
      bounds: METRICS_BOUNDS,
    },
    get: async (path) =>
      path === "/metrics"
        ? metrics.get()
        : (probe(path, options) ?? notFound("there are /metrics, /healthz and /readyz")),
  });
}

/** /healthz and /readyz alone. Throws an OperatorError when it can't listen. */
export function openProbesPort(options: ProbeOptions): Promise<HttpPort> {
  return HttpPort.open({
    ...{ host: options.host, port: options.port, purpose: "probes", flag: "--probes", bounds: PROBES_BOUNDS },
    get: async (path) => probe(path, options) ?? notFound("there are /healthz and /readyz"),
  });
}

function probe(path: string, { readiness }: Pick<ProbeOptions, "readiness">): Page | null {
  if (path === "/healthz") return { code: 200, type: PLAIN_TEXT, body: "ok\n" };
  if (path !== "/readyz") return null;
  const is = readiness();
  if (is.ready) return { code: 200, type: PLAIN_TEXT, body: "ready\n" };
  return { code: 503, type: PLAIN_TEXT, body: `not ready: ${is.reason}\n` };
}

const notFound = (body: string): Page => ({ code: 404, type: PLAIN_TEXT, body: `${body}\n` });

class MetricsPage {
  readonly #options: MetricsServerOptions;
  /** The running collection, which all callers meanwhile share. */
  #look: Promise<Page> | null = null;

  constructor(options: MetricsServerOptions) {
    this.#options = options;
  }

  get(): Promise<Page> {
    this.#look ??= this.#metrics().finally(() => {
      this.#look = null;
    });
    return this.#look;
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
