// Refuses what only embedded Raft has, when an etcd cluster replicates the fleet's log (ADR-0054).

import { status } from "@grpc/grpc-js";
import { rpcError } from "../../wire/rpc-error.ts";
import type { ServiceContext } from "./context.ts";

/** `what`: what was asked for, and `instead`: what to do. */
export function assertEmbedded(
  { driver }: Pick<ServiceContext, "driver">,
  what: string,
  instead: string,
): void {
  if (driver.engine !== "etcd") return;
  const message = `${what} n/a: an etcd cluster replicates this fleet's log; ${instead}`;
  throw rpcError(status.FAILED_PRECONDITION, "ENGINE_IS_ETCD", message);
}
