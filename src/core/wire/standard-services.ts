// Health (grpc.health.v1) and server reflection beside our own services, so that grpcurl and Kubernetes probes
// work on every port, for whoever has an identity. Health says SERVING per service; who sets it is the server's business.

import { fileURLToPath } from "node:url";
import type { Server, ServerUnaryCall, sendUnaryData, UntypedServiceImplementation } from "@grpc/grpc-js";
import { protoPath as HEALTH_PROTO, HealthImplementation } from "grpc-health-check";
import { admitted, anyIdentity } from "./admit.ts";
import { addReflection } from "./reflection.ts";
import { RpcError } from "./rpc-error.ts";
import type { Tls } from "./tls.ts";

// The package's proto folder is as far from src/core/wire as it is from dist/core/wire.
const PROTO_FOLDER = fileURLToPath(new URL("../../../proto", import.meta.url));

/** The parts of the contract that a process serves and so describes. */
export type ServedProto = "coordinator" | "raft" | "shard";

export interface StandardServices {
  /** Sets the health of `service` (full name, or "" for the whole process). */
  setServing(service: string, isServing: boolean): void;
}

/** Adds both services to `server`. All services begin as SERVING; so does the process as a whole. */
export function addStandardServices(
  server: Server,
  served: readonly ServedProto[],
  tls: Tls,
): StandardServices {
  const guarded: Pick<Server, "addService"> = {
    addService: (definition, methods) => server.addService(definition, guardedMethods(methods, tls)),
  };
  const names = served.map((proto) => `fleet.v1.${proto[0]?.toUpperCase()}${proto.slice(1)}`);
  const health = new HealthImplementation(
    Object.fromEntries(["", ...names].map((name) => [name, "SERVING" as const])),
  );
  health.addToServer(guarded as Server);
  addReflection(guarded, {
    folder: PROTO_FOLDER,
    files: [...served.map((proto) => `fleet/v1/${proto}.proto`), HEALTH_PROTO],
    services: [...names, "grpc.health.v1.Health"],
  });
  return {
    setServing: (service, isServing) => health.setStatus(service, isServing ? "SERVING" : "NOT_SERVING"),
  };
}

type Method = (call: ServerUnaryCall<unknown, unknown>, answer?: sendUnaryData<unknown>) => void;

function guardedMethods(methods: UntypedServiceImplementation, tls: Tls): UntypedServiceImplementation {
  const guard = (method: Method): Method => {
    return (call, answer) => {
      const caller = admitted(call, tls, anyIdentity);
      if (!(caller instanceof RpcError)) method(call, answer);
      else if (answer !== undefined) answer(caller);
      else call.emit("error", caller);
    };
  };
  return Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [name, guard(method as Method)]),
  ) as UntypedServiceImplementation;
}
