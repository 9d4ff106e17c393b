// Health (grpc.health.v1) and server reflection beside our own services, so that grpcurl and Kubernetes
// probes work on every port, for callers with an identity. Health reports SERVING for each service; the
// server sets it.

import { type HealthServer, HealthService } from "../gen/grpc/health/v1/health.ts";
import { callerOf } from "../tls/identity.ts";
import type { Tls } from "../tls/tls.ts";
import { Health } from "./health.ts";
import { anyIdentity, type MethodRule, QUESTION_BYTES_MAX } from "./method-rules.ts";
import { addReflection } from "./reflection.ts";
import type { RpcServer } from "./rpc-server.ts";

const HEALTH_PROTO = "grpc/health/v1/health.proto";

/** The parts of the contract that a process serves and therefore describes. */
export type ServedProto = "coordinator" | "raft" | "faults" | "shard";

export interface StandardServices {
  /** Sets the health of `service` (full name, or "" for the whole process). */
  setServing(service: string, isServing: boolean): void;
}

const RULE: MethodRule = { allow: anyIdentity, bytesMax: QUESTION_BYTES_MAX };
// A probe of a process must not wait for the calls that keep it busy.
const PROBE: MethodRule = { ...RULE, isPrompt: true };

/** Adds health alone: of the process as a whole, and of `services` (full names). */
export function addHealth(server: RpcServer, services: readonly string[]): Health {
  const health = new Health(["", ...services]);
  server.addService<HealthServer>(HealthService, health.implementation, {
    check: PROBE,
    list: PROBE,
    watch: PROBE,
  });
  return health;
}

/** Adds both services to `server`. All services start as SERVING, and so does the process as a whole. */
export function addStandardServices(
  server: RpcServer,
  served: readonly ServedProto[],
  tls: Tls,
): StandardServices {
  const names = served.map((proto) => `fleet.v1.${proto[0]?.toUpperCase()}${proto.slice(1)}`);
  const health = addHealth(server, names);
  const described = {
    files: [...served.map((proto) => `fleet/v1/${proto}.proto`), HEALTH_PROTO],
    services: [...names, "grpc.health.v1.Health"],
  };
  addReflection(server, described, RULE, (call) => server.countRequest(callerOf(call, tls)));
  return { setServing: (service, isServing) => health.setServing(service, isServing) };
}
