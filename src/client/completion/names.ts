// The names of what a fleet has, for a shell that completes a line. What must stay true: no name is worth an error or a wait,
// so any failure gives no names, and any replica's answer will do.

import { DRILLS } from "../../core/drill/catalog.ts";
import { ShardState } from "../../core/wire/gen/fleet/v1/command.ts";
import { contextsFilePath, loadContexts } from "../context/contexts-file.ts";
import { resolveTarget, type TargetInput } from "../context/resolve-target.ts";
import type { Target } from "../context/target.ts";
import type { FleetClient } from "../fleet-client.ts";
import type { ReadOptions } from "../leader-reads.ts";

/** More than a shell shows. */
const NAMES_MAX = 500;

/** What a shell can be told the names of. "any-shard": also those that were removed and have left. */
export type NameKind =
  | "shard"
  | "any-shard"
  | "cluster"
  | "node"
  | "context"
  | "provider"
  | "role"
  | "gate"
  | "plan"
  | "drill";

export interface NamesWanted {
  readonly kind: NameKind;
  readonly prefix: string;
  readonly target: TargetInput;
  readonly withinMs: number;
}

/** The names that begin with the prefix, as far as they come in time. */
export async function namesOf(wanted: NamesWanted): Promise<readonly string[]> {
  const over = new AbortController();
  const late = new Promise<readonly string[]>((resolve) => {
    setTimeout(() => resolve([]), wanted.withinMs).unref();
    over.signal.addEventListener("abort", () => resolve([]));
  });
  const names = await Promise.race([load(wanted).catch(() => []), late]);
  over.abort();
  return names.filter((name) => name.startsWith(wanted.prefix));
}

async function load({ kind, prefix, target: input, withinMs }: NamesWanted): Promise<readonly string[]> {
  if (kind === "context") return [...(await loadContexts(contextsFilePath(input.env))).contexts.keys()];
  if (kind === "drill") return DRILLS.map(({ name }) => name);
  const target = await resolveTarget(input);
  const named = target.endpoints.flatMap(({ name }) => name ?? []);
  // A local fleet's file has the names of its nodes.
  if (kind === "node" && named.length > 0) return named;
  if (target.etcd !== undefined) return [];
  return await ask(kind, prefix, target, Math.max(1, withinMs));
}

async function ask(kind: AskedKind, prefix: string, target: Target, deadlineMs: number): Promise<string[]> {
  const { FleetClient: Client } = await import("../fleet-client.ts");
  const client = Client.connect(target, { nodeTimeoutMs: deadlineMs, callDeadlineMs: deadlineMs });
  try {
    const consistency = { $case: "stale", value: {} } as const;
    return await READS[kind](client, { consistency, filter: { prefix }, rowsMax: NAMES_MAX });
  } finally {
    client.close();
  }
}

async function shardsOf(client: FleetClient, options: ReadOptions): Promise<string[]> {
  return (await client.listShards(options)).shards.flatMap(({ shard }) => shard?.shardId ?? []);
}

type AskedKind = Exclude<NameKind, "context" | "drill">;

const READS: Readonly<Record<AskedKind, (client: FleetClient, options: ReadOptions) => Promise<string[]>>> = {
  shard: shardsOf,
  "any-shard": async (client, options) => {
    const filter = { ...options.filter, shardState: ShardState.REMOVED };
    const both = await Promise.all([shardsOf(client, options), shardsOf(client, { ...options, filter })]);
    return [...new Set(both.flat())];
  },
  cluster: async (client, options) =>
    (await client.listClusters(options)).clusters.map(({ clusterId }) => clusterId),
  node: async (client, options) =>
    (await client.listMembers(options)).members.flatMap(({ member }) => member?.name ?? []),
  provider: async (client, options) =>
    (await client.listProviders(options)).providers.map(({ name }) => name),
  role: async (client, options) =>
    (await client.listRoles(options)).roles.flatMap(({ role }) => role?.name ?? []),
  gate: async (client, options) => (await client.listFeatureGates(options)).gates.map(({ name }) => name),
  plan: async (client, options) => (await client.listPlans(options)).plans.map(({ planId }) => planId),
};
