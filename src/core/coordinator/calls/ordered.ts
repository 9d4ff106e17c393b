// A call that changes something of one replica outside the tables. What must stay true: it does nothing without
// an entry of the audit log that names this replica and this caller.

import { status } from "@grpc/grpc-js";
import { logIndex } from "../../base/ids.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { formatIdentity } from "../../wire/tls/identity.ts";
import type { NodeOrder, OrderKind } from "../group/node-orders.ts";
import type { Caller } from "./caller.ts";
import { workerOf } from "./client-work.ts";
import type { ServiceContext } from "./context.ts";
import { refusalError } from "./refusals.ts";

/** Waits until this replica has applied the entry. Throws AUDIT_ENTRY_MISSING; otherwise the entry is used up. */
export async function ordered(
  context: Pick<ServiceContext, "driver" | "machine" | "work" | "replicas" | "clusterId" | "host">,
  kind: OrderKind,
  { nodeName: name, entryIndex }: { readonly nodeName: string; readonly entryIndex: number },
  { identity, deadline }: Caller,
): Promise<NodeOrder> {
  if (entryIndex === 0) throw entryMissing(name, entryIndex);
  const waited = await context.driver.waitApplied(logIndex(entryIndex), deadline);
  await context.work.answer(workerOf(identity));
  if (!waited.ok) throw refusalError(context, waited.refusal);
  const order = context.machine.orders.take(entryIndex, { kind, name, actor: formatIdentity(identity) });
  if (order === null) throw entryMissing(name, entryIndex);
  return order;
}

function entryMissing(name: string, index: number) {
  const found =
    index === 0 ? "the call names no entry" : `entry ${index} does not order this, or was used already`;
  const message = `${name} changes nothing without an entry of the audit log: ${found}`;
  return rpcError(status.FAILED_PRECONDITION, "AUDIT_ENTRY_MISSING", message, { index: String(index) });
}
