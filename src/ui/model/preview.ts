// What a write would do, judged from a linearizable read: the answer of `--dry-run`. The server's own rules decide
// when the write is made; this repeats those that an operator can trip over.
import { Exit } from "../../core/base/errors.ts";
import { isName, NAME_RULE } from "../../core/base/ids.ts";
import type { Domain } from "../../core/wire/gen/fleet/v1/command.ts";
import type { ClusterView, ShardView } from "../../core/wire/gen/fleet/v1/coordinator.ts";

export type Preview =
  | { readonly kind: "change"; readonly what: string }
  | { readonly kind: "no-change"; readonly what: string }
  | Refused;

interface Refused {
  readonly kind: "refused";
  readonly code: string;
  readonly what: string;
  readonly next: string;
  readonly exit: Exit;
}

export interface Current {
  readonly shards: readonly ShardView[];
  readonly clusters: readonly ClusterView[];
  readonly domains: readonly Domain[];
}

export interface DomainKey {
  readonly key: string;
  readonly value: string;
}

export function previewBind(
  now: Pick<Current, "shards" | "clusters">,
  cluster: string,
  shard: string,
): Preview {
  const owner = now.clusters.find((view) => view.clusterId === cluster)?.declared?.shardId;
  if (owner === shard)
    return { kind: "no-change", what: `cluster ${cluster} is bound to shard ${shard} already` };
  if (owner !== undefined) {
    return {
      kind: "refused",
      code: "CLUSTER_ALREADY_BOUND",
      what: `cluster ${cluster} is bound to shard ${owner}`,
      next: `move it with: fleet rebind --cluster ${cluster} --to ${shard}`,
      exit: Exit.Precondition,
    };
  }
  return (
    invalidName({ cluster }) ??
    unknownShard(now.shards, shard) ?? {
      kind: "change",
      what: `would bind cluster ${cluster} to shard ${shard}`,
    }
  );
}

export function previewAssign(
  now: Pick<Current, "shards" | "domains">,
  domain: DomainKey,
  shard: string,
  expectedVersion: number | undefined,
): Preview {
  const row = findDomain(now.domains, domain);
  const name = `${domain.key}=${domain.value}`;
  const stale = staleVersion(name, row, expectedVersion);
  if (stale !== null) return stale;
  if (row?.shardId === shard)
    return { kind: "no-change", what: `domain ${name} is assigned to shard ${shard} already` };
  if (row !== undefined && expectedVersion === undefined) {
    return {
      kind: "refused",
      code: "DOMAIN_ALREADY_ASSIGNED",
      what: `domain ${name} is assigned to shard ${row.shardId}`,
      next: `to move it, add: --expect-version ${row.version}`,
      exit: Exit.Precondition,
    };
  }
  return (
    unknownShard(now.shards, shard) ?? {
      kind: "change",
      what: `would assign domain ${name} to shard ${shard}`,
    }
  );
}

export function previewUnassign(
  now: Pick<Current, "domains">,
  domain: DomainKey,
  expectedVersion: number | undefined,
): Preview {
  const row = findDomain(now.domains, domain);
  const name = `${domain.key}=${domain.value}`;
  const stale = staleVersion(name, row, expectedVersion);
  if (stale !== null) return stale;
  if (row === undefined) return { kind: "no-change", what: `domain ${name} is not assigned` };
  return { kind: "change", what: `would take domain ${name} from shard ${row.shardId}` };
}

function findDomain(domains: readonly Domain[], { key, value }: DomainKey): Domain | undefined {
  return domains.find((domain) => domain.key === key && domain.value === value);
}

function staleVersion(name: string, row: Domain | undefined, expected: number | undefined): Preview | null {
  const actual = row?.version ?? 0;
  if (expected === undefined || expected === actual) return null;
  return {
    kind: "refused",
    code: "VERSION_MISMATCH",
    what: `domain ${name} is at version ${actual}, not ${expected}`,
    next: "look at it with: fleet domain list",
    exit: Exit.Precondition,
  };
}

function invalidName(names: Readonly<Record<string, string>>): Preview | null {
  const [field, name] = Object.entries(names).find(([, each]) => !isName(each)) ?? [];
  if (field === undefined) return null;
  return {
    kind: "refused",
    code: "INVALID_NAME",
    what: `${JSON.stringify(name)} cannot name a ${field}`,
    next: NAME_RULE,
    exit: Exit.Usage,
  };
}

function unknownShard(shards: readonly ShardView[], shard: string): Preview | null {
  if (shards.some((view) => view.shard?.shardId === shard)) return null;
  return {
    kind: "refused",
    code: "SHARD_UNKNOWN",
    what: `there is no shard ${shard}`,
    next: "see the shards with: fleet shard list",
    exit: Exit.NotFound,
  };
}
