// Health (grpc.health.v1) and server reflection beside our own services, so that grpcurl and Kubernetes
// probes work on every port, for callers with an identity. Health reports SERVING for each service; the
// server sets it.

import { fileURLToPath } from "node:url";
import type { Server } from "@grpc/grpc-js";
import { protoPath as HEALTH_PROTO, HealthImplementation } from "grpc-health-check";
import { anyIdentity, type MethodRule, QUESTION_BYTES_MAX } from "./method-rules.ts";
import { addReflection } from "./reflection.ts";
import type { RpcServer } from "./rpc-server.ts";

// The package's proto folder is as far from this file in src as in dist.
const PROTO_FOLDER = fileURLToPath(new URL("../../../../proto", import.meta.url));

/** The parts of the contract that a process serves and therefore describes. */
export type ServedProto = "coordinator" | "raft" | "faults" | "shard";

export interface StandardServices {
  /** Sets the health of `service` (full name, or "" for the whole process). */
  setServing(service: string, isServing: boolean): void;
}

const RULE: MethodRule = { allow: anyIdentity, bytesMax: QUESTION_BYTES_MAX };

/** Adds both services to `server`. All services start as SERVING, and so does the process as a whole. */
export function addStandardServices(server: RpcServer, served: readonly ServedProto[]): StandardServices {
  const asked = (rule: MethodRule): Pick<Server, "addService"> => ({
    addService: (definition, methods) => server.addLibraryService(definition, methods, rule),
  });
  const names = served.map((proto) => `fleet.v1.${proto[0]?.toUpperCase()}${proto.slice(1)}`);
  const health = new HealthImplementation(
    Object.fromEntries(["", ...names].map((name) => [name, "SERVING" as const])),
  );
  // A probe of a process must not wait for the calls that keep it busy.
  health.addToServer(asked({ ...RULE, isPrompt: true }) as Server);
  addReflection(asked(RULE), {
    folder: PROTO_FOLDER,
    files: [...served.map((proto) => `fleet/v1/${proto}.proto`), HEALTH_PROTO],
    services: [...names, "grpc.health.v1.Health"],
  });
  return {
    setServing: (service, isServing) => health.setStatus(service, isServing ? "SERVING" : "NOT_SERVING"),
  };
}
