// Health (grpc.health.v1) and server reflection beside our own services, so that grpcurl and Kubernetes probes
// work on every port. Health says SERVING per service; who sets it when is the server's business.

import { fileURLToPath } from "node:url";
import type { Server } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { ReflectionService } from "@grpc/reflection";
import { protoPath as HEALTH_PROTO, HealthImplementation } from "grpc-health-check";

// The package's proto folder is as far from src/core/wire as it is from dist/core/wire.
const PROTO_FOLDER = fileURLToPath(new URL("../../../proto", import.meta.url));

/** The parts of the contract that a process serves and so describes. */
export type ServedProto = "coordinator" | "raft" | "shard";

export interface StandardServices {
  /** Sets the health of `service` (full name, or "" for the whole process). */
  setServing(service: string, isServing: boolean): void;
}

/** Adds both services to `server`. All services begin as SERVING; so does the process as a whole. */
export function addStandardServices(server: Server, served: readonly ServedProto[]): StandardServices {
  const names = served.map((proto) => `fleet.v1.${proto[0]?.toUpperCase()}${proto.slice(1)}`);
  const health = new HealthImplementation(
    Object.fromEntries(["", ...names].map((name) => [name, "SERVING" as const])),
  );
  health.addToServer(server);
  const files = [...served.map((proto) => `fleet/v1/${proto}.proto`), HEALTH_PROTO];
  // Without keepCase the descriptors would show other field names than the contract's.
  const definition = loadSync(files, { includeDirs: [PROTO_FOLDER], keepCase: true });
  const services = [...names, "grpc.health.v1.Health"];
  new ReflectionService(definition, { services }).addToServer(server);
  return {
    setServing: (service, isServing) => health.setStatus(service, isServing ? "SERVING" : "NOT_SERVING"),
  };
}
