// Chooses rows of a whole list as the server would have: a bundle holds lists without a filter. The server's own
// predicates are part of its lists (core/coordinator/services/lists), which a client may not import.
import { type Labels, parseSelector, shardLabels } from "../../core/base/label-selector.ts";
import type { ListFilter } from "../../core/wire/gen/fleet/v1/coordinator.ts";
import type { ReadOptions } from "../leader-reads.ts";
import type { ListMethod } from "./section.ts";

type Fields = Readonly<Record<string, unknown>>;
type Matches = (row: Fields, filter: ListFilter) => boolean;

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const inner = (value: unknown): Fields => (typeof value === "object" && value !== null ? { ...value } : {});
const rowsOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(inner) : []);
/** A filter that is not set matches everything. */
const wants = (wanted: string | number, value: unknown): boolean =>
  wanted === "" || wanted === 0 || wanted === value;
const begins = (prefix: string, value: unknown): boolean => text(value).startsWith(prefix);

const labelsIn = (row: Fields): Labels => {
  const entries = Object.entries(inner(inner(row["labels"])["entries"]));
  return Object.fromEntries(entries.map(([key, value]) => [key, text(value)]));
};
const matchesLabels = (selector: string, labels: Labels): boolean =>
  parseSelector(selector)?.(labels) ?? false;

const MATCHES: Readonly<Partial<Record<ListMethod, Matches>>> = {
  listShards: ({ shard }, { prefix, region, shardState, labelSelector }) => {
    const row = inner(shard);
    return (
      begins(prefix, row["shardId"]) &&
      wants(region, row["region"]) &&
      wants(shardState, row["state"]) &&
      matchesLabels(labelSelector, shardLabels(labelsIn(row), text(row["region"]), text(row["zone"])))
    );
  },
  listClusters: (row, { prefix, shardId, drift, labelSelector }) =>
    matchesLabels(labelSelector, labelsIn(inner(row["declared"]))) &&
    begins(prefix, row["clusterId"]) &&
    isAt(row, shardId) &&
    (drift.length === 0 || drift.some((one) => one === row["drift"])),
  listDomains: (row, { shardId, key, prefix }) =>
    wants(shardId, row["shardId"]) && wants(key, row["key"]) && begins(prefix, row["value"]),
  listQuotas: (row, { provider, region, shardId }) =>
    wants(provider, row["provider"]) &&
    wants(region, row["region"]) &&
    (shardId === "" || rowsOf(row["slices"]).some((slice) => slice["shardId"] === shardId)),
  listProviders: (row, { prefix, region }) => begins(prefix, row["name"]) && wants(region, row["region"]),
  listInstructions: (row, { shardId, key }) => wants(shardId, row["shardId"]) && wants(key, row["key"]),
  listShortfalls: (row, { shardId, prefix }) =>
    wants(shardId, row["shardId"]) && begins(prefix, inner(row["shortfall"])["clusterId"]),
  listRoles: ({ role }, { prefix }) => begins(prefix, inner(role)["name"]),
  listRevocations: (row, { prefix }) => begins(prefix, row["subject"]),
  listPlans: (row, { prefix }) => begins(prefix, row["planId"]),
  listPlanSteps: (row, { planId, prefix }) =>
    wants(planId, row["planId"]) && begins(prefix, row["clusterId"]),
  listAudit: (row, { afterIndex, actor }) => Number(row["index"]) > afterIndex && wants(actor, row["actor"]),
};

const NO_FILTER: ListFilter = {
  ...{ shardId: "", prefix: "", key: "", provider: "", region: "", drift: [], shardState: 0 },
  ...{ afterIndex: 0, actor: "", planId: "", labelSelector: "" },
};

/** The rows that are wanted, and whether `rowsMax` cut some off. `newest`: it cut the first ones. */
export function chosenRows(
  name: ListMethod,
  rows: readonly unknown[],
  options: ReadOptions & { readonly newest?: boolean },
): { readonly rows: readonly unknown[]; readonly cut: boolean } {
  const filter = { ...NO_FILTER, ...options.filter };
  const matches = MATCHES[name];
  const found = matches === undefined ? rows : rows.filter((row) => matches(inner(row), filter));
  const { rowsMax = Number.POSITIVE_INFINITY, newest = false } = options;
  if (found.length <= rowsMax) return { rows: found, cut: false };
  return { rows: newest ? found.slice(found.length - rowsMax) : found.slice(0, rowsMax), cut: true };
}

/** By declaration, by a migration away from it, or by observation. */
function isAt({ declared, observed }: Fields, shardId: string): boolean {
  if (shardId === "") return true;
  const binding = inner(declared);
  return (
    binding["shardId"] === shardId ||
    inner(binding["migration"])["fromShard"] === shardId ||
    rowsOf(observed).some((row) => row["shardId"] === shardId)
  );
}
