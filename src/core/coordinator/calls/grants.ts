// A leader refuses what an operator may not do before it is an entry, by its applied state. This keeps
// entries out of the log that would be refused at apply (fleet/permissions/authorize.ts). The decision is
// made there, so a role that was revoked meanwhile has no effect. Other callers are checked when their call
// arrives.

import { printable } from "../../base/printable.ts";
import type { Permission } from "../../fleet/permissions/access.ts";
import { accessOf } from "../../fleet/permissions/access.ts";
import { denial, grantMissing } from "../../fleet/permissions/authorize.ts";
import type { Result } from "../../fleet/result.ts";
import type { Operation } from "../../wire/gen/fleet/v1/command.ts";
import { readRpcError } from "../../wire/rpc-error.ts";
import { addressOf, formatIdentity, type Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "./caller.ts";
import type { ServiceContext } from "./context.ts";
import { resultError } from "./refusals.ts";

/** Throws GRANT_MISSING, ROLE_MISSING or ADMINISTRATOR_ONLY. */
export function checkGrants(
  context: ServiceContext,
  { identity }: Caller,
  kind: NonNullable<Operation["kind"]>,
): void {
  // Another replica may not know the grants yet; it sends the caller to the leader.
  if (identity.kind !== "operator" || context.driver.leader !== context.self) return;
  refuse(context, identity, denial(context.machine.view, formatIdentity(identity), kind));
}

/** Like `checkGrants`, for calls that are not operations. For a confirmed leader, whose state is current. */
export function checkPermission(context: ServiceContext, { identity }: Caller, permission: Permission): void {
  if (identity.kind !== "operator") return;
  const isAllowed = accessOf(context.machine.view, identity.id).allows(permission);
  refuse(context, identity, isAllowed ? null : grantMissing(identity.id, permission));
}

/** Logged like calls that are refused at the entry: with who, from where, and what. */
function refuse({ noteDenied }: ServiceContext, identity: Identity, refused: Result | null): void {
  if (refused === null) return;
  const error = resultError(refused);
  const { reason, metadata } = readRpcError(error);
  const what = ["verb", "table", "name"].map((fact) => metadata[fact] ?? "").join(" ");
  noteDenied({
    ...{ reason: reason ?? "", identity: formatIdentity(identity), from: addressOf(identity) },
    what: printable(what.trim()),
  });
  throw error;
}
