// A caller's identity and permissions, by the same rules as for its writes. Administrators may ask for an
// operator.

import { status } from "@grpc/grpc-js";
import { isName } from "../../base/ids.ts";
import { accessOf } from "../../fleet/permissions/access.ts";
import type { CheckAccessRequest, CheckAccessResponse } from "../../wire/gen/fleet/v1/coordinator.ts";
import { rpcError } from "../../wire/rpc-error.ts";
import { formatIdentity, type Identity } from "../../wire/tls/identity.ts";
import type { Caller } from "../calls/caller.ts";
import type { ServiceContext } from "../calls/context.ts";
import { LINEARIZABLE, readable } from "../calls/reads.ts";
import { checkVerb } from "./writes/role-rules.ts";

export async function checkAccess(
  context: ServiceContext,
  { operator, permission }: CheckAccessRequest,
  caller: Caller,
): Promise<CheckAccessResponse> {
  const identity = subjectOf(caller.identity, operator);
  if (permission !== undefined) checkVerb(permission.verb, permission.table);
  const stamp = await readable(context, LINEARIZABLE, caller);
  const administrator = identity.kind === "admin";
  const access = identity.kind === "operator" ? accessOf(context.machine.view, identity.id) : null;
  const rules = (access?.roles ?? []).flatMap(({ name: role, rules: own }) =>
    own.map((rule) => ({ role, rule })),
  );
  const allowed = permission !== undefined && (administrator || access?.allows(permission) === true);
  return { stamp, identity: formatIdentity(identity), administrator, rules, allowed };
}

function subjectOf(caller: Identity, operator: string): Identity {
  if (operator === "") return caller;
  if (caller.kind !== "admin") {
    const who = formatIdentity(caller);
    const message = `${who} may ask only for itself; only fleet://admin may ask for others`;
    throw rpcError(status.PERMISSION_DENIED, "PERMISSION_DENIED", message, { who });
  }
  if (!isName(operator)) {
    throw rpcError(
      status.INVALID_ARGUMENT,
      "INVALID_NAME",
      "give the operator's name, without fleet://operator/",
    );
  }
  return { kind: "operator", id: operator };
}
