// Which store a command on keys talks to: what --etcd-endpoints names, or an etcd cluster's context.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { resolveTarget, type TargetInput } from "./resolve-target.ts";
import type { Target } from "./target.ts";
import { typedEtcd } from "./typed-etcd.ts";

/** Throws NO_STORE for a fleet that has no port for etcd's API, and what `resolveTarget` throws. */
export async function resolveStore(input: TargetInput, etcdEndpoints: string | undefined): Promise<Target> {
  const target = typedEtcd(input, etcdEndpoints) ?? (await resolveTarget(input));
  if (target.etcd !== undefined) return target;
  throw new OperatorError("NO_STORE", {
    what: `${target.name} is a fleet whose coordinators serve no keys`,
    why: "commands on keys, leases and locks need a server that speaks etcd's v3 API",
    next: "name one with --etcd-endpoints host:port,…, or with a --context of kind etcd (fleet context add)",
    exit: Exit.NotFound,
  });
}
