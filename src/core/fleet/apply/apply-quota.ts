// Providers and how much of them each shard may use. What must stay true: the sum of a quota's slices never
// exceeds its limit. The sum of a provider's limits never exceeds what the provider has declared. A draining
// or removed shard gets no new slice and no larger one.

import type {
  Provider,
  Quota,
  QuotaSlice,
  RemoveProvider,
  RemoveQuota,
  SetQuota,
  UpsertProvider,
} from "../../wire/gen/fleet/v1/command.ts";
import { PROVIDERS_MAX, QUOTA_SLICES_MAX, QUOTAS_MAX } from "../limits.ts";
import { type ApplyContext, changed, type Result, rejected, unchanged } from "../result.ts";
import type { FleetState, FleetView } from "../state.ts";
import { quotaKey } from "../tables/schema.ts";
import { checkAddress, checkNames, checkOptionalNames } from "../validate.ts";
import { checkShardKnown, checkShardTakes } from "./apply-shard.ts";
import { checkVersion } from "./expected-version.ts";

export function upsertProvider(state: FleetState, context: ApplyContext, operation: UpsertProvider): Result {
  const { name, address, declaredQuota, expectedVersion } = operation;
  const { providers } = state.tables;
  const row = providers.get(name);
  const region = operation.keepRegion ? (row?.region ?? "") : operation.region;
  const refused =
    checkNames({ provider: name }) ??
    checkAddress(address) ??
    checkOptionalNames({ region }) ??
    checkVersion(`provider ${name}`, row, expectedVersion) ??
    checkDeclared(state, name, declaredQuota);
  if (refused !== null) return refused;
  if (row === undefined && providers.size >= PROVIDERS_MAX) return tooMany("providers", PROVIDERS_MAX);
  const wanted: Provider = { name, address, region, declaredQuota, version: context.index };
  if (row !== undefined && isSameProvider(row, wanted)) return unchanged(row.version);
  providers.put(wanted);
  return changed(context.index);
}

/** Idempotent: a provider that does not exist is as wanted. */
export function removeProvider(state: FleetState, { name, expectedVersion }: RemoveProvider): Result {
  const { providers } = state.tables;
  const row = providers.get(name);
  const conflict = checkVersion(`provider ${name}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row === undefined) return unchanged(0);
  const quotas = quotasOf(state, name);
  if (quotas.length > 0) {
    const regions = quotas.map((quota) => quota.region).join(", ");
    return rejected("PROVIDER_IN_USE", { provider: name, regions });
  }
  providers.remove(name);
  return changed(0);
}

export function setQuota(state: FleetState, context: ApplyContext, operation: SetQuota): Result {
  const { provider, region, limit, expectedVersion } = operation;
  const { quotas } = state.tables;
  const row = quotas.get(quotaKey(provider, region));
  const refused =
    checkNames({ provider, region }) ??
    checkProviderKnown(state, provider) ??
    checkVersion(`quota ${provider}/${region}`, row, expectedVersion) ??
    checkSlices(state, operation, row?.slices ?? []) ??
    checkLimit(state, operation);
  if (refused !== null) return refused;
  if (row === undefined && quotas.size >= QUOTAS_MAX) return tooMany("quotas", QUOTAS_MAX);
  const slices = inOrder(operation.slices);
  if (row !== undefined && row.limit === limit && areSame(row.slices, slices)) return unchanged(row.version);
  quotas.put({ provider, region, limit, slices, version: context.index });
  return changed(context.index);
}

/** Idempotent: a quota that does not exist is as wanted. */
export function removeQuota(state: FleetState, operation: RemoveQuota): Result {
  const { provider, region, expectedVersion } = operation;
  const { quotas } = state.tables;
  const row = quotas.get(quotaKey(provider, region));
  const conflict = checkVersion(`quota ${provider}/${region}`, row, expectedVersion);
  if (conflict !== null) return conflict;
  if (row === undefined) return unchanged(0);
  quotas.remove(quotaKey(provider, region));
  return changed(0);
}

function checkProviderKnown(view: FleetView, provider: string): Result | null {
  if (view.tables.providers.get(provider) !== undefined) return null;
  return rejected("PROVIDER_UNKNOWN", { provider });
}

function checkSlices(
  view: FleetView,
  { slices, limit }: SetQuota,
  before: readonly QuotaSlice[],
): Result | null {
  if (slices.length > QUOTA_SLICES_MAX) return tooMany("slices of a quota", QUOTA_SLICES_MAX);
  if (new Set(slices.map((slice) => slice.shardId)).size < slices.length) {
    return rejected("DUPLICATE_SLICE");
  }
  const had = new Map(before.map((slice) => [slice.shardId, slice.amount]));
  for (const { shardId, amount } of slices) {
    const isMore = amount > (had.get(shardId) ?? 0);
    const refused = isMore ? checkShardTakes(view, shardId) : checkShardKnown(view, shardId);
    if (refused !== null) return refused;
  }
  const sum = total(slices.map((slice) => slice.amount));
  if (sum <= limit) return null;
  const terms = slices.map(({ shardId, amount }) => `${shardId} ${amount}`).slice(0, 10);
  const shown = slices.length > terms.length ? `${terms.join(" + ")} + …` : terms.join(" + ");
  return rejected("QUOTA_EXCEEDED", { limit, sum, terms: shown });
}

function checkLimit(view: FleetView, { provider, region, limit }: SetQuota): Result | null {
  const declared = view.tables.providers.get(provider)?.declaredQuota ?? 0;
  const others = quotasOf(view, provider).filter((quota) => quota.region !== region);
  return checkSum(provider, declared, [...others, { region, limit }]);
}

function checkDeclared(view: FleetView, provider: string, declared: number): Result | null {
  return checkSum(provider, declared, quotasOf(view, provider));
}

function checkSum(
  provider: string,
  declared: number,
  quotas: readonly Pick<Quota, "region" | "limit">[],
): Result | null {
  const sum = total(quotas.map((quota) => quota.limit));
  if (sum <= declared) return null;
  const terms = quotas.map(({ region, limit }) => `${region} ${limit}`).join(" + ");
  return rejected("QUOTA_EXCEEDED", { declared, provider, sum, terms });
}

function* rowsOf(view: FleetView, provider: string): Iterable<Readonly<Quota>> {
  for (const row of view.tables.quotas.rows(quotaKey(provider, ""))) {
    if (row.provider !== provider) return;
    yield row;
  }
}

function quotasOf(view: FleetView, provider: string): readonly Readonly<Quota>[] {
  // Most providers have none, and a generator costs more than this look.
  const first = view.tables.quotas.firstRow(quotaKey(provider, ""));
  return first?.provider === provider ? [...rowsOf(view, provider)] : [];
}

function inOrder(slices: readonly QuotaSlice[]): QuotaSlice[] {
  return slices
    .filter((slice) => slice.amount > 0)
    .sort((left, right) => (left.shardId < right.shardId ? -1 : 1));
}

function areSame(left: readonly QuotaSlice[], right: readonly QuotaSlice[]): boolean {
  return (
    left.length === right.length &&
    left.every((slice, at) => slice.shardId === right[at]?.shardId && slice.amount === right[at].amount)
  );
}

function isSameProvider(row: Readonly<Provider>, { address, region, declaredQuota }: Provider): boolean {
  return row.address === address && row.region === region && row.declaredQuota === declaredQuota;
}

function total(amounts: readonly number[]): number {
  return amounts.reduce((sum, amount) => sum + amount, 0);
}

function tooMany(what: string, limit: number): Result {
  return rejected("TOO_MANY", { limit, what });
}
