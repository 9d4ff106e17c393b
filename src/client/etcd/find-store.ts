// Which store a command on keys talks to: what --etcd-endpoints names, an etcd cluster's context, or the store of a
// fleet. A fleet's nodes say themselves where they serve etcd's API.
import { Exit, OperatorError } from "../../core/base/errors.ts";
import { resolveTarget, type TargetInput } from "../context/resolve-target.ts";
import type { Target } from "../context/target.ts";
import { typedEtcd } from "../context/typed-etcd.ts";
import { FleetClient } from "../fleet-client.ts";

/**
 * Throws NO_STORE for a fleet that serves no keys, UNAVAILABLE, and what `resolveTarget` throws. `timeoutMs`: how long a fleet
 * has to say where its store is.
 */
export async function findStore(
  input: TargetInput,
  etcdEndpoints: string | undefined,
  timeoutMs: number,
): Promise<Target> {
  const target = typedEtcd(input, etcdEndpoints) ?? (await resolveTarget(input));
  return target.etcd === undefined ? await storeOf(target, timeoutMs) : target;
}

/** The fleet's target with the nodes' ports for etcd's API, of all nodes that answer. */
async function storeOf(fleet: Target, timeoutMs: number): Promise<Target> {
  const client = FleetClient.connect(fleet);
  try {
    let { nodes } = await client.status();
    // One that is down holds up no command for long. If none answers soon, all of them may be distant or busy.
    if (nodes.every(({ status }) => status === null))
      ({ nodes } = await client.status({ perNodeTimeoutMs: timeoutMs }));
    const answered = nodes.flatMap(({ status }) => (status === null ? [] : [status.etcdAddress]));
    if (answered.length === 0) throw unreachable(fleet, nodes[0]?.error ?? null);
    const endpoints = answered.flatMap((address) => (address === "" ? [] : [{ address }]));
    if (endpoints.length === 0) throw noStore(fleet);
    return { ...fleet, endpoints, etcd: { fleet: fleet.tls } };
  } finally {
    client.close();
  }
}

function noStore({ name }: Target): OperatorError {
  return new OperatorError("NO_STORE", {
    what: `${name} is a fleet whose coordinators serve no keys`,
    why: "commands on keys, leases and locks need a server that speaks etcd's v3 API",
    next: "start its coordinators with --etcd-listen, or name another store with --etcd-endpoints host:port,…",
    exit: Exit.NotFound,
  });
}

function unreachable({ name, endpoints }: Target, error: string | null): OperatorError {
  return new OperatorError("UNAVAILABLE", {
    what: `no coordinator of ${name} answers`,
    ...(error === null ? {} : { why: `${endpoints[0]?.address}: ${error}` }),
    next: "see which nodes are up: fleet status",
    exit: Exit.NoQuorum,
  });
}
