// Health (grpc.health.v1): whether each service of this process, and the process as a whole (""), takes calls. What must
// stay true: a watcher gets the present status at once, and then only what differs from the last one.

import { type ServerWritableStream, status } from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus,
  type HealthServer,
} from "../gen/grpc/health/v1/health.ts";
import { rpcError } from "../rpc-error.ts";
import type { Implementation } from "./unary-calls.ts";

const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = HealthCheckResponse_ServingStatus;

type Watcher = (response: HealthCheckResponse) => void;

export class Health {
  readonly #serving: Map<string, boolean>;
  readonly #watchers = new Map<string, Set<Watcher>>();

  /** All `services` (full names) start as serving. */
  constructor(services: readonly string[]) {
    this.#serving = new Map(services.map((service) => [service, true]));
  }

  setServing(service: string, isServing: boolean): void {
    if (this.#serving.get(service) === isServing) return;
    this.#serving.set(service, isServing);
    for (const notify of this.#watchers.get(service) ?? []) notify({ status: statusOf(isServing) });
  }

  readonly implementation: Implementation<HealthServer> = {
    check: async ({ request: { service } }) => {
      const isServing = this.#serving.get(service);
      if (isServing !== undefined) return { status: statusOf(isServing) };
      throw rpcError(status.NOT_FOUND, "SERVICE_UNKNOWN", "this process has no service of that name");
    },
    list: async () => ({
      statuses: Object.fromEntries(
        [...this.#serving].map(([service, isServing]) => [service, { status: statusOf(isServing) }]),
      ),
    }),
    watch: (call: ServerWritableStream<HealthCheckRequest, HealthCheckResponse>) => {
      const { service } = call.request;
      const isServing = this.#serving.get(service);
      call.write({ status: isServing === undefined ? SERVICE_UNKNOWN : statusOf(isServing) });
      // Services never come later, so an unknown one stays unknown.
      if (isServing === undefined) return;
      const watchers = this.#watchers.get(service) ?? new Set();
      const notify: Watcher = (response) => call.write(response);
      this.#watchers.set(service, watchers.add(notify));
      for (const end of ["cancelled", "close", "error"]) call.once(end, () => watchers.delete(notify));
    },
  };
}

const statusOf = (isServing: boolean) => (isServing ? SERVING : NOT_SERVING);
